import { mkdir, readdir, readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, vi } from 'vitest'
import { folderOf, tricube } from './run.ts'

vi.setConfig({ testTimeout: 120_000 }) // each run starts vitest

const nodeModules = fileURLToPath(new URL('../../node_modules', import.meta.url))

/** A folder with these packages of ours, and a test. */
async function project(packages: readonly string[], files: Readonly<Record<string, string>>): Promise<string> {
  const cwd = await folderOf({ 'package.json': '{ "type": "module" }', ...files })
  await mkdir(join(cwd, 'node_modules/@vitest'), { recursive: true })
  for (const name of packages) await symlink(join(nodeModules, name), join(cwd, 'node_modules', name))
  return cwd
}

const sum = 'export const sum = (a, b) => (a < 0 ? 0 : a + b)\nexport const unused = () => 7\n'
const sumTest = `import { expect, it } from 'vitest'
  import { sum } from './sum.js'
  it('adds', () => expect(sum(1, 2)).toBe(3))`

it('runs the tests, and reports coverage and results in the usual forms', async () => {
  const cwd = await project(['vitest', '@vitest/coverage-v8'], { 'sum.js': sum, 'sum.test.js': sumTest })
  const { code, stdout } = await tricube(['test', '--coverage', '--junit', 'junit.xml'], { cwd }).ended
  expect([code, stdout]).toEqual([0, expect.stringMatching(/1 passed[^]*sum\.js/)])
  const reports = ['clover.xml', 'cobertura-coverage.xml', 'index.html', 'lcov.info']
  expect(await readdir(join(cwd, 'coverage'))).toEqual(expect.arrayContaining(reports))
  expect(await readFile(join(cwd, 'coverage/lcov.info'), 'utf8')).toContain('SF:sum.js\n')
  expect(await readFile(join(cwd, 'junit.xml'), 'utf8')).toMatch(/<testcase [^>]*name="adds"/)
})

it('exits as vitest does, and passes its options on', async () => {
  const cwd = await project(['vitest'], { 'sum.js': sum, 'sum.test.js': sumTest.replace('(3)', '(4)') })
  expect((await tricube(['test'], { cwd }).ended).code).toBe(1)
  expect((await tricube(['test', 'elsewhere', '--', '--passWithNoTests'], { cwd }).ended).code).toBe(0)
})

it.each([
  [[], ['test'], 'tricube test: vitest is not installed: npm install --save-dev vitest\n'],
  [
    ['vitest'],
    ['test', '--coverage'],
    expect.stringMatching(
      /^tricube test: --coverage needs @vitest\/coverage-v8: npm install --save-dev @vitest\/coverage-v8@4\./,
    ),
  ],
])('names what is not installed: %j', async (packages, args, message) => {
  const cwd = await project(packages, { 'sum.js': sum, 'sum.test.js': sumTest })
  expect(await tricube(args, { cwd }).ended).toEqual({ code: 1, stdout: '', stderr: message })
})
