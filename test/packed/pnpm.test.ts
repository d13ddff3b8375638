/**
 * What the pages say, in a folder that pnpm installs. Code finds only what the pages tell to install, and not what tricube
 * itself depends on.
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { problemsOf, tsconfig, typeScriptIn } from './compilePages.ts'
import { filesOfPages, packagesOfPages, pages, programOf, typeCommands } from './pageCommands.ts'
import { emptyProject, type Project } from './project.ts'
import { runScripts, writeExamples } from './runExamples.ts'

let user: Project
beforeAll(async () => {
  user = await emptyProject()
  await user.addProgram('pnpm@10')
  await user.write(filesOfPages)
  await user.install({ manager: 'pnpm', ...packagesOfPages() })
}, 300_000)
afterAll(() => user[Symbol.asyncDispose]())

// Where npm runs each command, each program is enough: pnpm may find another file for it.
it('every program of the pages runs', { timeout: 600_000 }, async () => {
  expect((await typeCommands(user, { npx: 'pnpm exec', keyOf: programOf })).size).toBeGreaterThan(8)
})

it('the examples of every page run', { timeout: 300_000 }, async () => {
  await writeExamples(user)
  await runScripts(user)
})

describe('every block of TypeScript', () => {
  const first = [
    "import { t } from 'tricube'",
    "import { pino } from 'pino'",
    'export const Name = t.Sting()',
    'export const count = 1',
  ]
  const second = ['count.oops', 'usersTable.oops']
  const planted = [
    typeScriptIn('docs/planted.md', ['# A page', '', block(first), block(second)].join('\n')),
    typeScriptIn('docs/incomplete.md', block(['usersTable.name'])),
  ]
  let problems: readonly string[]
  beforeAll(async () => {
    const blocks = [...pages, 'README.zh-CN.md'].map((page) => typeScriptIn(page))
    expect(blocks.flat().length).toBeGreaterThan(95)
    problems = await problemsOf(user, [...blocks, ...planted])
  }, 240_000)

  it('compiles', () => {
    // `redis` passes on types of a package that only it may import: no library can export what has them.
    expect(problems.filter((line) => !isPlanted(line) && !line.includes("'RedisClientType'"))).toEqual([])
  })

  it('is reported with its page and line when it does not', () => {
    expect(problems.filter(isPlanted).toSorted()).toEqual([
      "docs/incomplete.md:2: Cannot find name 'usersTable'.", // in its first block, a page uses only what it shows
      "docs/planted.md:11: Property 'oops' does not exist on type '1'.",
      expect.stringMatching(/^docs\/planted\.md:12: Property 'oops' does not exist on type 'PgTable/),
      // tricube depends on it, and npm would show it
      expect.stringContaining("docs/planted.md:5: Cannot find module 'pino'"),
      expect.stringMatching(/^docs\/planted\.md:6: Property 'Sting' does not exist .* Did you mean 'String'\?$/),
    ])
  })

  it('is reported when it is no TypeScript', { timeout: 60_000 }, async () => {
    const page = typeScriptIn('docs/page.md', ['# A page', block(['export const a = {', '  b: …', '}'])].join('\n'))
    expect(await problemsOf(user, [page])).toContain('docs/page.md:4: Invalid character.')
  })
})

it('declarations are made of all that a service exports, as a monorepo with project references needs them', async () => {
  const names = ['contract.ts', 'service.ts']
  const files = names.map((name) => [
    `library/${name}`,
    readFileSync(new URL(`library/${name}`, import.meta.url), 'utf8'),
  ])
  const compilerOptions = { ...JSON.parse(tsconfig).compilerOptions, composite: true, exactOptionalPropertyTypes: true }
  await user.write({ ...Object.fromEntries(files), 'library/tsconfig.json': JSON.stringify({ compilerOptions }) })
  const line = 'cd library && ../node_modules/.bin/tsc --emitDeclarationOnly --pretty false'
  expect(await user.shell(line).catch(({ message }: Error) => message)).toBe('')
}, 120_000)

function isPlanted(line: string): boolean {
  return /^docs\/(?:planted|incomplete)\.md:/.test(line)
}

function block(lines: readonly string[]): string {
  return ['```ts', ...lines, '```', ''].join('\n')
}
