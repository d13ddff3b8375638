// The English of pages, comments and messages: long sentences, banned words, doubled words, names of products.
//
//   npm run check prose                          every page and source file, and how each page reads
//   node scripts/check-prose.mjs docs src/sql    only these files and folders
//   node scripts/check-prose.mjs --figures       how long the sentences of each page are
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { lint, sentencesOf } from './prose/lint.mjs'
import { figuresOf } from './prose/sentences.mjs'

const guides = ['README.md', 'docs']
const everything = [
  ...guides,
  'bench/README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'CODE_OF_CONDUCT.md',
  'SECURITY.md',
  'src',
]
/** How each guide reads: words and marks (commas, colons, semicolons) a sentence, share of sentences that say "you". */
const bounds = { mean: 15, marks: 1.3, toReader: 0.2 }
/** The figures of a page with fewer sentences say little. */
const fewSentences = 10

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { figures: { type: 'boolean', default: false } },
})

if (values.figures) await printFigures(positionals.length > 0 ? positionals : guides)
else {
  const files = (positionals.length > 0 ? positionals : everything).flatMap(filesIn)
  await checkFiles(files)
  await checkGuides(files.filter(isGuide))
}

async function checkFiles(files) {
  const faults = (await Promise.all(files.map(lint))).flat()
  for (const { file, line, rule, message } of faults) fail(`${file}:${line} ${rule}: ${message.split('\n')[0]}`)
  console.log(`${files.length} files, ${faults.length} faults`)
}

async function checkGuides(pages) {
  for (const page of pages) {
    const { sentences, mean, marks, toReader } = figuresOf(await sentencesOf(page))
    if (sentences < fewSentences) continue
    if (mean > bounds.mean) fail(`${page}: ${mean.toFixed(1)} words a sentence, at most ${bounds.mean}`)
    if (marks > bounds.marks)
      fail(`${page}: ${marks.toFixed(2)} commas, colons and semicolons a sentence, at most ${bounds.marks}`)
    if (toReader < bounds.toReader)
      fail(`${page}: ${percent(toReader)} of the sentences say "you", at least ${percent(bounds.toReader)}`)
  }
}

async function printFigures(paths) {
  const pages = await Promise.all(paths.flatMap(filesIn).map(async (page) => [page, await sentencesOf(page)]))
  for (const [page, sentences] of [...pages, ['all', pages.flatMap(([, sentences]) => sentences)]]) {
    const { mean, longest, marks, toReader } = figuresOf(sentences)
    const words = `${mean.toFixed(1)} words (longest ${longest})`
    console.log(
      `${page.padEnd(28)} ${sentences.length} sentences, ${words}, ${marks.toFixed(2)} marks, ${percent(toReader)} say you`,
    )
  }
}

function isGuide(file) {
  return file === 'README.md' || /(?:^|\/)docs\/[^/]+\.md$/.test(file)
}

function fail(line) {
  console.error(line)
  process.exitCode = 1
}

function percent(share) {
  return `${(100 * share).toFixed(0)} %`
}

function filesIn(path) {
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path, { recursive: true })
    .map((name) => join(path, name))
    .filter((name) => /\.(?:md|ts)$/.test(name))
    .toSorted()
}
