// The English of pages, comments and messages: long sentences, banned words, doubled words, names of products.
//
//   npm run check prose                      every page and source file
//   node scripts/check-prose.mjs docs src/sql     only what lies in these
//   node scripts/check-prose.mjs --figures   how long the sentences of each page are
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { lint, sentencesOf } from './prose/lint.mjs'
import { figuresOf } from './prose/sentences.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { figures: { type: 'boolean', default: false } },
})
const everything = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'docs', 'src']
const files = (positionals.length > 0 ? positionals : everything).flatMap(filesIn)

if (values.figures) await tellFigures()
else await tellFaults()

async function tellFaults() {
  const faults = (await Promise.all(files.map(lint))).flat()
  for (const { file, line, rule, message } of faults)
    console.error(`${file}:${line} ${rule}: ${message.split('\n')[0]}`)
  console.log(`${files.length} files, ${faults.length} faults`)
  if (faults.length > 0) process.exitCode = 1
}

async function tellFigures() {
  const pages = files.filter((file) => file.endsWith('.md'))
  const all = []
  for (const page of pages) {
    const sentences = await sentencesOf(page)
    all.push(...sentences)
    tellPage(page, sentences)
  }
  tellPage('all', all)
}

function tellPage(name, sentences) {
  const { mean, longest, marks, toReader, sentences: count } = figuresOf(sentences)
  const figures = [`${count} sentences`, `${mean.toFixed(1)} words (longest ${longest})`, `${marks.toFixed(2)} marks`]
  console.log(`${name.padEnd(28)} ${figures.join(', ')}, ${(100 * toReader).toFixed(0)} % say you`)
}

function filesIn(path) {
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path, { recursive: true })
    .map((name) => join(path, name))
    .filter((name) => /\.(?:md|ts)$/.test(name))
    .toSorted()
}
