// Lints the English of tricube: textlint with the rules below over pages, comments and messages.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { TextlintKernel } from '@textlint/kernel'
import markdown from '@textlint/textlint-plugin-markdown'
import text from '@textlint/textlint-plugin-text'
import prh from 'textlint-rule-prh'
import terminology from 'textlint-rule-terminology'
import writeGood from 'textlint-rule-write-good'
import { sentenceFigures, sentenceLength } from './sentences.mjs'
import { textsOf } from './texts.mjs'

const kernel = new TextlintKernel()
const plugins = [
  { pluginId: 'markdown', plugin: markdown.default ?? markdown },
  { pluginId: 'text', plugin: text.default ?? text },
]
/** Of write-good only what is a fault everywhere: doubled words and words that promise nothing. */
const writeGoodOptions = {
  passive: false,
  adverb: false,
  so: false,
  thereIs: false,
  tooWordy: false,
  cliches: false,
  eprime: false,
}

/** "Many" and "few" are exact enough; `id`, `sql` and `indexes` are names of ours or PostgreSQL's word. */
writeGoodOptions.whitelist = ['many', 'Many', 'several', 'Several', 'few', 'Few', 'is a number']
const terms = [
  'ID',
  "id['’]?s",
  'SQL',
  'JSON',
  'URL',
  'API',
  'SSL',
  'ASCII',
  'indexes\\b',
  'readme(s)?',
  'regexp?(s)?',
  'HTTP[ /]2(?:\\.0)?',
]

const rules = [
  { ruleId: 'sentence-length', rule: sentenceLength, options: { max: 30 } },
  {
    ruleId: 'words',
    rule: prh.default ?? prh,
    options: { rulePaths: [fileURLToPath(new URL('words.yml', import.meta.url))] },
  },
  { ruleId: 'terminology', rule: terminology.default ?? terminology, options: { exclude: terms } },
  { ruleId: 'write-good', rule: writeGood.default ?? writeGood, options: writeGoodOptions },
]

/** Returns `{ file, line, message }` of each fault in a file, `.md` or `.ts`. */
export async function lint(file) {
  const source = readFileSync(file, 'utf8')
  if (file.endsWith('.md')) return faultsIn(file, source, '.md', 0)
  const faults = []
  for (const { text, line } of textsOf(file, source)) faults.push(...(await faultsIn(file, text, '.md', line - 1)))
  return faults
}

async function faultsIn(file, source, ext, lineBefore) {
  const { messages } = await kernel.lintText(source, { ext, filePath: file, plugins, rules })
  return messages.map(({ line, message, ruleId }) => ({ file, line: line + lineBefore, rule: ruleId, message }))
}

/** Every sentence of a page. */
export async function sentencesOf(file) {
  const sentences = []
  const rule = {
    ruleId: 'figures',
    rule: sentenceFigures,
    options: { collect: (sentence) => sentences.push(sentence) },
  }
  await kernel.lintText(readFileSync(file, 'utf8'), { ext: '.md', filePath: file, plugins, rules: [rule] })
  return sentences
}
