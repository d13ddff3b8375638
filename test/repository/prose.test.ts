import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, expect, it } from 'vitest'

const script = fileURLToPath(new URL('../../scripts/check-prose.mjs', import.meta.url))
const folder = await mkdtemp(join(tmpdir(), 'prose '))
afterAll(() => rm(folder, { recursive: true }))

const long = `This sentence ${'goes on and on '.repeat(8)}until nobody remembers how it began.`

it.each([
  ['a long sentence', 'page.md', `# Title\n\n${long}\n`, /page\.md:3 sentence-length: a sentence of \d+ words/],
  ['a long sentence in a table', 'page.md', `| a | b |\n|---|---|\n| x | ${long} |\n`, /page\.md:3 sentence-length/],
  ['a banned word', 'page.md', 'The registry refuses a call.\n', /page\.md:1 words: refuses => reject/],
  ['a doubled word', 'page.md', 'You call the the service.\n', /page\.md:1 write-good: "the" is repeated/],
  ['a product misspelled', 'page.md', 'It runs on github.\n', /page\.md:1 terminology: .*GitHub/],
  ['a docstring', 'file.ts', '/** Gives up after a second. */\nexport const x = 1\n', /file\.ts:1 words: Gives up/],
  ['line comments, as one text', 'file.ts', '// it has\n// given up\nexport const x = 1\n', /file\.ts:\d words/],
  ['a message', 'file.ts', 'throw new Error(`the server of ${name} refused the call`)\n', /file\.ts:1 words: refused/],
])('finds %s', async (_, name, text, line) => {
  const { code, stderr } = await check(name, text)
  expect([code, stderr]).toEqual([1, expect.stringMatching(line)])
})

it('finds a guide that does not talk to its reader', async () => {
  const page = `# Title\n\n${'The service rejects a call, a job: an event. '.repeat(10)}\n`
  expect(await check('docs/guide.md', page)).toEqual({
    code: 1,
    stderr: expect.stringMatching(
      /guide\.md: 2\.00 commas, .*\n.*guide\.md: 0 % of the sentences say "you", at least 20 %/,
    ),
  })
  expect(await check('docs/guide.md', page.replaceAll('a call, a job: an event', 'your call'))).toMatchObject({
    code: 0,
  })
})

it.each([
  ['code in a page', 'page.md', 'Type `the answer`:\n\n```ts\nconst refused = give.up // answer\n```\n'],
  [
    'the example of a docstring',
    'file.ts',
    '/**\n * Adds two numbers.\n *\n * @example\n * refuses()\n */\nexport {}\n',
  ],
  ['SQL', 'file.ts', "const text = 'SELECT answer FROM questions WHERE refused'\nexport { text }\n"],
  ['names in code', 'file.ts', 'export const refused = { answer: 1 }\n'],
])('leaves %s alone', async (_, name, text) => {
  expect(await check(name, text)).toMatchObject({ code: 0, stderr: '' })
})

async function check(name: string, text: string): Promise<{ code: number; stderr: string }> {
  const file = join(folder, name)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
  return promisify(execFile)(process.execPath, [script, file]).then(
    ({ stderr }) => ({ code: 0, stderr }),
    ({ code, stderr }: { code: number; stderr: string }) => ({ code, stderr }),
  )
}
