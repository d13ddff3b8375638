import { contract, service } from 'tricube'
import { apiKeys } from 'tricube/auth'
import { testService } from 'tricube/testing'
import { expect, onTestFinished, test } from 'vitest'
import { keysCommand } from '../../src/cli/keys.ts'
import { here } from './here.ts'
import { tricube } from './run.ts'

const reports = contract('report-service', { who: { route: 'GET /who', auth: 'key' } })

async function start() {
  const app = await testService(service(reports, { models: {}, auth: { key: apiKeys() }, handlers: { who: () => {} } }))
  onTestFinished(() => app.close())
  const url = new URL(process.env['TRICUBE_TEST_DATABASE_URL']!)
  url.pathname = await app.db.value<string>`SELECT current_database()`
  const env = { DATABASE_URL: url.href }
  const typed = (...args: string[]) => tricube(['keys', ...args], { env }).ended
  const keys = (...args: string[]) => here(keysCommand, args, env)
  const ask = async (key: string) => (await app.inject({ url: '/who', headers: { 'x-api-key': key } })).statusCode
  return { typed, keys, ask }
}

test('tricube keys creates, lists and revokes', async () => {
  const { typed, keys, ask } = await start()
  const created = await typed('create', '--name', 'nightly', '--owner', '7', '--scopes', 'a, b', '--expires', '90d')
  expect(created).toMatchObject({ code: 0, stderr: 'key 1, which is shown this once:\n' })
  const key = created.stdout.trim()
  expect(await ask(key)).toBe(200)
  const listed = await keys('list')
  expect(listed.stdout).toMatch(new RegExp(`^1 +nightly +7 +a,b +…${key.slice(-4)} +used \\d{4}-`))
  expect(listed.stdout).not.toContain(key)
  const [{ expiresAt }] = JSON.parse((await keys('list', '--owner', '7', '--json')).stdout) as [{ expiresAt: string }]
  expect(Date.parse(expiresAt) - Date.now()).toBeGreaterThan(89 * 86_400_000)
  expect(await keys('list', '--owner', '8')).toMatchObject({ code: 0, stdout: 'no keys\n' })
  expect(await keys('revoke', '1')).toMatchObject({ code: 0, stdout: 'key 1 is revoked\n' })
  expect(await ask(key)).toBe(401)
  expect((await keys('list')).stdout).toContain('revoked 2')
})

test('tricube keys names what is wrong', async () => {
  const { keys } = await start()
  expect(await keys('create', '--name', 'a')).toMatchObject({
    code: 2,
    stderr: 'tricube keys create needs --name and --owner\n',
  })
  expect(await keys('create', '--name', 'a', '--owner', '7', '--expires', 'soon')).toMatchObject({
    code: 2,
    stderr: '--expires: expected days like 90d, got "soon"\n',
  })
  expect(await keys('revoke', 'x')).toMatchObject({ code: 2 })
  expect(await keys('revoke', '99')).toMatchObject({ code: 1, stderr: 'there is no key 99\n' })
  expect(await keys('delete', '1')).toMatchObject({
    code: 2,
    stderr: 'tricube keys: unknown command "delete", expected create, list, revoke\n',
  })
})

test('tricube keys says what a database without them needs', async () => {
  const { code, stderr } = await here(keysCommand, ['list', '--url', process.env['TRICUBE_TEST_DATABASE_URL']!])
  expect([code, stderr]).toEqual([
    1,
    'this database has no API keys: give its service auth: { key: apiKeys() }, then start it or run tricube migrate up\n',
  ])
})
