import { spawnSync } from 'node:child_process'
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { built } from '../built.ts'
import { nodes } from '../packed/nodes.ts'
import { build, index } from './buildProject.ts'
import { folderOf } from './run.ts'

vi.setConfig({ testTimeout: 120_000 }) // each run loads services

/** A service with this code between its imports and its export. */
const withCode = (code: string): string => `import { contract, service, t } from '${index}'
${code}
const own = contract('orders', { get: { route: 'GET /things', returns: t.String() } })
export default service(own, { handlers: { get: () => 'x' } })
`

const other = {
  'other.ts': 'export interface Item { id: number }\nexport const item: Item = { id: 1 }\n',
  'folder/index.ts': 'export const inFolder = 1\n',
  'data.json': '{}',
}

/** What esbuild accepts, and the image's Node does not; with the line that a command prints. */
const rejected: readonly (readonly [name: string, code: string, cure: string, type?: string])[] = [
  ['an enum', 'enum Color { Red }\nvoid Color.Red', 'Node runs no enum: use an object with "as const"'],
  ['a constant enum', 'export const enum Color { Red }', 'Node runs no enum: use an object with "as const"'],
  ['a namespace', 'namespace Values { export const one = 1 }', 'Node runs no namespace with values: use a module'],
  ['import x =', "import fs = require('node:fs')", 'Node runs no "import x =": use import … from'],
  [
    'a parameter property',
    "class Cart { constructor(readonly id = String('('), plain = 1) {} }",
    'Node runs no parameter properties: declare the field in the class, and assign it in the constructor',
  ],
  [
    'decorators',
    'const d = (..._: unknown[]): void => {}\n@d class Cart {}',
    'Node runs no decorators: call functions',
  ],
  ['an import without an ending', "import { item } from './other'\nvoid item", 'write the whole name, "./other.ts"'],
  ['an import of .js', "import { item } from './other.js'\nvoid item", 'write the whole name, "./other.ts"'],
  ['an import of a folder', "import { inFolder } from './folder'\nvoid inFolder", '"./folder/index.ts"'],
  ['JSON without its type', "import data from './data.json'\nvoid data", "with { type: 'json' }"],
  ['a type of a file', "import { Item } from './other.ts'", 'if it is a type, write import type'],
  ['a type of Node', "import { IncomingHttpHeaders } from 'node:http'", 'if it is a type, write import type'],
  [
    'a type of a package in CommonJS',
    "import { FastifyInstance } from 'fastify'",
    'if it is a type, write import type',
  ],
  ['"type": "commonjs"', '', 'set "type": "module" in package.json', 'commonjs'],
]

async function projectOf(code: string, type = 'module'): Promise<string> {
  const cwd = await folderOf({
    ...other,
    'package.json': JSON.stringify({ name: 'shop', type }),
    'service.ts': withCode(code),
  })
  await symlink(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(cwd, 'node_modules'))
  return cwd
}

describe('tricube build', () => {
  it.each(rejected)('rejects %s, which the image does not run', async (_, code = '', cure = '', type) => {
    const { code: exitCode, stdout, stderr } = await build(await projectOf(code, type))
    expect([exitCode, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^service\.ts:/)
    expect(stderr).toContain(cure)
  })

  it.skipIf('typescript' in process.features)('names each place', async () => {
    const cwd = await folderOf({
      'package.json': '{ "name": "shop" }',
      'tsconfig.json': '{ "compilerOptions": { "paths": { "@/*": ["./*"] } } }',
      'a/package.json': '{ "type": "commonjs" }',
      'a/lazy.ts': '// late\nexport enum Lazy {}\n',
      'a/types.ts': 'export interface Item { id: number }\n',
      'tricube.config.ts': 'enum Level { Info }\nexport default { logLevel: [Level.Info, "info"][1] }\n',
      'service.ts': withCode(`import { item } from '@/a/item.mts'
        import { Logger, type Service } from 'tricube'
        export const late = () => import('./a/lazy.ts')
        class Cart {
          constructor(
            private readonly id = item,
          ) {}
        }`).replace('', `import { Item } from './a/types.ts'\n`),
      'a/item.mts': 'export const item = 1\n',
    })
    expect(await build(cwd)).toEqual({
      code: 1,
      stdout: '',
      stderr: `a/lazy.ts:2: Node runs no enum: use an object with "as const"
a/lazy.ts:2: Node reads this file as CommonJS, without import and export: set "type": "module" in a/package.json
service.ts:1: a/types.ts exports no value Item: if it is a type, write import type
service.ts:3: Node finds no package "@/a/item.mts": Node reads no "paths" of tsconfig.json, write a relative path or use "imports" of package.json
service.ts:4: tricube exports no value Logger: if it is a type, write import type
service.ts:8: Node runs no parameter properties: declare the field in the class, and assign it in the constructor
tricube.config.ts:1: Node runs no enum: use an object with "as const"
Node 24, which the image has, would not start the services
`,
    })
  })

  it('accepts what only looks like it', async () => {
    const cwd = await projectOf(`// enum Color { Red }
/* class A { constructor(private a: number) {} } */
import type { Item } from './other.ts'
import { item, type Item as Same } from './other.ts'
import data from './data.json' with { type: 'json' }
import fs, { readFileSync } from 'node:fs'
export * from './other.ts'
declare enum Ambient { A }
declare namespace Types { export const a: number }
namespace OnlyTypes { export type A = 1 }
class Base { readonly a: number; constructor(a: number, readonly_ = 1, b: { readonly c?: number } = {}) { this.a = a } }
const text = \`enum Text { A }
import { x } from './x'
import y = require('y')\`
const more = 'namespace More { @d }'
void [item, data, fs, readFileSync, text, more, new Base(1), {} as Item | Same | OnlyTypes.A | Ambient]`)
    expect(await build(cwd)).toMatchObject({ code: 0, stderr: '' })
  })

  it('accepts a package.json without a type, in which Node detects modules', async () => {
    const cwd = await folderOf({ 'package.json': '{ "name": "shop" }', 'service.ts': withCode('') })
    expect(await build(cwd)).toMatchObject({ code: 0 })
  })
})

const main = fileURLToPath(built('cli/main.js'))
const newest = nodes.filter(([version]) => Number(/^v(\d+)/.exec(version)![1]) >= 24)

describe.each(newest)('tricube start on Node %s', (_, node) => {
  it.each(rejected)('rejects %s in one line', async (_name, code = '', cure = '', type) => {
    const cwd = await projectOf(code, type)
    const env = { ...process.env, NODE_NO_WARNINGS: '1' }
    const { status, stderr } = spawnSync(node, [main, 'start', '.'], { cwd, env, encoding: 'utf8' })
    expect(status).toBe(1)
    expect(stderr.match(/\n/g), stderr).toHaveLength(1)
    expect(stderr).toContain(cure)
  })
})
