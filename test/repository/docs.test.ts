/** Every block of TypeScript in the pages compiles in a user's folder, against the types of the package. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { built } from '../built.ts'
import { type Block, blocksOf, nameOf, pages } from './docBlocks.ts'
import { commonScene, modulesOf, sceneOf } from './docModules.ts'
import { root } from './project.ts'

const tsconfig = /```json\n(.*?"rewriteRelativeImportExtensions".*?)```/s.exec(
  readFileSync(`${root}docs/start.md`, 'utf8'),
)![1]!
/** What a reader of some page has installed. */
const installed = ['@fastify', '@types', 'drizzle-orm', 'fastify', 'undici', 'vitest', 'zod']

const folders: string[] = []
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))))

const first = ["import { t } from 'tricube'", '', 'export const Name = t.Sting()', 'export const count = 1']
const second = ['count.oops', 'usersTable.oops']
const planted = [
  blocksIn('docs/planted.md', ['# A page', '', block(first), block(second)].join('\n')),
  blocksIn('docs/incomplete.md', block(['usersTable.name'])),
]

let problems: readonly string[]
beforeAll(async () => {
  const blocks = [...pages, 'README.zh-CN.md'].map((page) => blocksIn(page))
  expect(blocks.flat().length).toBeGreaterThan(95)
  problems = await problemsOf([...blocks, ...planted])
}, 240_000)

it('every block of every page compiles', () => {
  expect(problems.filter((line) => !isPlanted(line))).toEqual([])
})

it('reports a block that does not compile with its page and line', () => {
  expect(problems.filter(isPlanted).toSorted()).toEqual([
    "docs/incomplete.md:2: Cannot find name 'usersTable'.", // in its first block, a page uses only what it shows
    "docs/planted.md:11: Property 'oops' does not exist on type '1'.",
    expect.stringMatching(/^docs\/planted\.md:12: Property 'oops' does not exist on type 'PgTable/),
    expect.stringMatching(/^docs\/planted\.md:6: Property 'Sting' does not exist .* Did you mean 'String'\?$/),
  ])
})

it('reports a block that is no TypeScript with its page and line', { timeout: 60_000 }, async () => {
  const page = blocksIn('docs/page.md', ['# A page', block(['export const a = {', '  b: …', '}'])].join('\n'))
  expect(await problemsOf([page])).toContain('docs/page.md:4: Invalid character.')
})

function isPlanted(line: string): boolean {
  return /^docs\/(?:planted|incomplete)\.md:/.test(line)
}

function block(lines: readonly string[]): string {
  return ['```ts', ...lines, '```', ''].join('\n')
}

function blocksIn(page: string, markdown?: string): readonly Block[] {
  return blocksOf(page, markdown).filter(({ language }) => language === 'ts')
}

/** Compiles the blocks of some pages in one program, and returns a line for each error. */
async function problemsOf(blocks: readonly (readonly Block[])[]): Promise<readonly string[]> {
  built('index.d.ts')
  const folder = await userFolder()
  const modules = blocks.filter((each) => each.length > 0).flatMap((each) => modulesOf(each))
  const scenes = [...new Set(modules.map(({ block }) => block.page))].flatMap((page) =>
    Object.entries(sceneOf(page)).map(([path, text]) => [join(nameOf(page), path), text] as const),
  )
  for (const [path, text] of [...scenes, ...modules.map(({ path, text }) => [path, text] as const)]) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  const tsc = [`${root}node_modules/typescript/bin/tsc`, '--noEmit', '--pretty', 'false']
  const { stdout } = await promisify(execFile)(process.execPath, tsc, { cwd: folder }).catch(
    (failed: { stdout: string }) => failed,
  )
  const byPath = new Map(modules.map(({ path, block }) => [path, block]))
  return Array.from(stdout.matchAll(/^(?:(.+)\((\d+),\d+\): )?error \w+: (.*)$/gm), ([, path, line, message]) => {
    const block = byPath.get(path!)
    return block ? `${block.page}:${block.line + Number(line) - 2}: ${message}` : `${path}:${line}: ${message}`
  })
}

/** An empty folder with the packages that a user installs. */
async function userFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tricube docs '))
  folders.push(folder)
  await mkdir(`${folder}/node_modules`)
  await symlink(root, `${folder}/node_modules/tricube`)
  for (const name of installed) await symlink(`${root}node_modules/${name}`, `${folder}/node_modules/${name}`)
  await writeFile(`${folder}/package.json`, '{ "type": "module" }')
  await writeFile(`${folder}/tsconfig.json`, tsconfig)
  await writeFile(`${folder}/exampleScene.ts`, commonScene)
  return folder
}
