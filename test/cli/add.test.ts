import { readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, vi } from 'vitest'
import { folderOf, tricube } from './run.ts'

vi.setConfig({ testTimeout: 120_000 }) // each run loads services

const root = fileURLToPath(new URL('../..', import.meta.url))
const add = (cwd: string, ...args: string[]) => tricube(['add', ...args], { cwd }).ended

/** An empty project that has tricube. */
async function project(): Promise<string> {
  const cwd = await folderOf({ 'package.json': '{ "type": "module" }', 'node_modules/x': '' })
  await symlink(root, join(cwd, 'node_modules/tricube'))
  return cwd
}

it('writes a service that loads, with the next port, and says how to call it', async () => {
  const cwd = await project()
  const { code, stdout, stderr } = await add(cwd, 'service', 'billing')
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toContain('wrote billing-service/service.ts\n')
  expect(stdout).toContain('clients: { billing: billingService },')
  const document = await tricube(['openapi', 'billing-service'], { cwd }).ended
  expect([document.code, document.stderr]).toEqual([0, ''])
  expect(Object.keys((JSON.parse(document.stdout) as { paths: object }).paths)).toEqual([
    '/billing-items',
    '/billing-items/{id}',
  ])
  expect((await add(cwd, 'service', 'mail-service')).code).toBe(0)
  expect(await readFile(join(cwd, 'billing-service/service.ts'), 'utf8')).toContain('port: 8010,')
  expect(await readFile(join(cwd, 'mail-service/service.ts'), 'utf8')).toContain('port: 8020,')
})

it('writes the test of an operation, and prints the rest', async () => {
  const cwd = await project()
  await add(cwd, 'service', 'billing')
  const contract = await readFile(join(cwd, 'billing-service/contract.ts'), 'utf8')
  const { code, stdout } = await add(cwd, 'operation', 'billing-service', 'cancel', 'POST /bills/:id/cancel')
  expect([code, stdout]).toEqual([
    0,
    expect.stringContaining("  cancel: {\n    route: 'POST /bills/:id/cancel',\n    params: { id: t.String() },"),
  ])
  expect(await readFile(join(cwd, 'billing-service/cancel.test.ts'), 'utf8')).toContain(
    "app.client.cancel({ params: { id: 'x' } })",
  )
  expect(await readFile(join(cwd, 'billing-service/contract.ts'), 'utf8')).toBe(contract)
})

it('writes an empty migration', async () => {
  const cwd = await project()
  await add(cwd, 'service', 'billing')
  const { code, stdout } = await add(cwd, 'migration', 'billing-service', 'add_note')
  expect([code, stdout]).toEqual([0, expect.stringContaining('0002_add_note.up.sql')])
})

it('never overwrites a file', async () => {
  const cwd = await project()
  await add(cwd, 'service', 'billing')
  await writeFile(join(cwd, 'billing-service/contract.ts'), 'mine')
  await writeFile(join(cwd, 'billing-service/service.ts'), '') // it does not load either
  const { code, stderr } = await add(cwd, 'service', 'billing')
  expect(code).toBe(1)
  expect(stderr).not.toBe('')
  expect(await readFile(join(cwd, 'billing-service/contract.ts'), 'utf8')).toBe('mine')
})

it.each([
  ['a name that is no package', ['service', 'My Service'], /must be kebab-case/],
  ['a name with a path', ['service', '../x'], /must be kebab-case/],
  ['an operation that is no identifier', ['operation', 'x', 'do-it'], /must be a JavaScript identifier/],
  ['nothing', [], /^Usage: tricube add service <name>/],
  ['another kind', ['table', 'x'], /^Usage: tricube add service <name>/],
])('rejects %s', async (_, args, message) => {
  const { code, stderr } = await add(await project(), ...args)
  expect([code, stderr]).toEqual([2, expect.stringMatching(message)])
})
