import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'

const script = fileURLToPath(new URL('../../scripts/check-imports.mjs', import.meta.url))

it('holds in this repository', async () => {
  expect(await check()).toEqual({ code: 0, problems: [] })
})

it('allows what is below', async () => {
  expect(
    await checkFiles({
      'index.ts': `export * from './cli/main.ts'`,
      'cli/main.ts': `import { service } from '../service/service.ts'`,
      'service/service.ts': `import type { Contract } from '../contract/contract.ts'\nimport './run.ts'`,
      'http/docs/page.ts': `// from '../../service/service.ts'\nimport { t } from '../../contract/schema.ts'`,
    }),
  ).toEqual({ code: 0, problems: [] })
})

it.each([
  ['an import', `import { a } from '../service/a.ts'`],
  ['a type', `import type { A } from '../service/a.ts'`],
  ['several lines', `import {\n  a,\n  b,\n} from '../service/a.ts'`],
  ['an export', `export { a } from '../service/a.ts'`],
  ['a lazy import', `const { a } = await import('../service/a.ts')`],
  ['a type in place', `let a: import('../service/a.ts').A`],
])('rejects an import from above: %s', async (_, text) => {
  const { code, problems } = await checkFiles({ 'contract/b.ts': text })
  expect(code).toBe(1)
  expect(problems).toEqual(['src/contract/b.ts imports service/a.ts: contract may import time, schema'])
})

it('rejects neighbours and unknown layers', async () => {
  const { problems } = await checkFiles({
    'http/a.ts': `import { b } from '../sql/b.ts'`,
    'things/a.ts': `import { b } from '../sql/b.ts'`,
  })
  expect(problems).toEqual([
    expect.stringMatching(/^src\/http\/a\.ts imports sql\/b\.ts: http may import contract, schema, /),
    'src/things/a.ts: "things" is no layer; add it to scripts/check-imports.mjs',
  ])
})

it.each([
  [
    'two files',
    { 'sql/a.ts': `import { b } from './b.ts'`, 'sql/b.ts': `export { a } from './a.ts'` },
    ['circle: src/sql/a.ts → src/sql/b.ts → src/sql/a.ts'],
  ],
  [
    'types',
    { 'http/a.ts': `import type { B } from './docs/b.ts'`, 'http/docs/b.ts': `let a: import('../a.ts').A` },
    ['circle: src/http/a.ts → src/http/docs/b.ts → src/http/a.ts'],
  ],
  [
    'a file that imports itself',
    { 'sql/a.ts': `import type { A } from './a.ts'` },
    ['circle: src/sql/a.ts → src/sql/a.ts'],
  ],
  [
    'three files, one of them lazy',
    { 'log/a.ts': `import './b.ts'`, 'log/b.ts': `import './c.ts'`, 'log/c.ts': `await import('./a.ts')` },
    ['circle: src/log/a.ts → src/log/b.ts → src/log/c.ts → src/log/a.ts'],
  ],
  [
    'one behind a chain, another at the top',
    {
      'index.ts': `export { a } from './browser.ts'`,
      'browser.ts': `export type { I } from './index.ts'`,
      'sql/a.ts': `import './b.ts'`,
      'sql/b.ts': `import './c.ts'`,
      'sql/c.ts': `import './b.ts'`,
    },
    ['circle: src/browser.ts → src/index.ts → src/browser.ts', 'circle: src/sql/b.ts → src/sql/c.ts → src/sql/b.ts'],
  ],
])('rejects a circle: %s', async (_, files, circles) => {
  const { code, problems } = await checkFiles(files)
  expect(code).toBe(1)
  expect(problems.toSorted()).toEqual(circles)
})

async function checkFiles(files: Record<string, string>) {
  const folder = await mkdtemp(join(tmpdir(), 'tricube-layers-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  return check(folder)
}

function check(...args: string[]): Promise<{ code: number; problems: string[] }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [script, ...args], (error, _, stderr) => {
      resolve({ code: Number(error?.code ?? 0), problems: stderr.split('\n').filter(Boolean) })
    })
  })
}
