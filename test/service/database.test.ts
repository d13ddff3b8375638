import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contract, service, t } from 'tricube'
import { faultProxy, startPostgres, type EmbeddedPostgres } from 'tricube/testing'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'

const clock = contract('clock-service', { now: { route: 'GET /now', returns: t.Integer() } })

let folder: string
let postgres: EmbeddedPostgres | undefined
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tricube-down-'))
  await chmod(folder, 0o755) // run as root, the server's own user must get in
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await postgres?.stop()
  await rm(folder, { recursive: true, force: true })
})

it('a service that loses its database is live and not ready, responds with 503, and recovers', async () => {
  postgres = await startPostgres({ dataDir: join(folder, 'postgres') })
  const { port } = postgres
  vi.stubEnv('DATABASE_URL', postgres.url())
  vi.stubEnv('LOG_LEVEL', 'silent')
  await postgres.stop()

  const app = service(clock, { handlers: { now: ({ db }) => db.value<number>`SELECT 7` } })
  const { url } = await app.listen() // the database need not be there
  const get = async (path: string): Promise<{ status: number; body: unknown }> => {
    const response = await fetch(url + path)
    return { status: response.status, body: await response.json() }
  }
  const down = { status: 503, body: { code: 50301, message: 'Service Unavailable', error: 'database' } }
  const contract = expect.any(String) as string
  const notReady = { status: 503, body: { status: 'not ready', checks: { database: 'unreachable' }, contract } }
  expect(await get('/health/ready')).toEqual(notReady)
  expect(await get('/health/live')).toEqual({ status: 200, body: { status: 'live' } })
  expect(await get('/now')).toEqual(down)

  postgres = await startPostgres({ dataDir: join(folder, 'postgres'), port })
  const ready = { status: 200, body: { status: 'ready', checks: { database: 'ok' }, contract } }
  await vi.waitFor(async () => expect(await get('/health/ready')).toEqual(ready), { timeout: 15_000 })
  expect(await get('/now')).toEqual({ status: 200, body: { code: 0, data: 7 } })

  await postgres.stop('immediate')
  expect(await get('/now')).toEqual(down)
  expect(await get('/health/ready')).toEqual(notReady)
  postgres = await startPostgres({ dataDir: join(folder, 'postgres'), port })
  await vi.waitFor(async () => expect(await get('/now')).toMatchObject({ status: 200 }), { timeout: 15_000 })
  await app.close()
}, 60_000)

it('a service whose database hangs is live, and responds with 503 within the acquire timeout', async () => {
  const { TRICUBE_TEST_DATABASE_URL: target } = process.env
  await using proxy = await faultProxy({ target: target! })
  vi.stubEnv('DATABASE_URL', proxy.url)
  vi.stubEnv('LOG_LEVEL', 'silent')
  const app = service(clock, {
    database: { acquireTimeoutMs: 300 },
    handlers: { now: ({ db }) => db.transaction((tx) => tx.value<number>`SELECT 7`) },
  })
  const { url } = await app.listen()
  const statusOf = async (path: string): Promise<number> => (await fetch(url + path)).status
  await vi.waitFor(async () => expect(await statusOf('/now')).toBe(200), { timeout: 10_000 }) // connected, also on a busy machine
  const heal = [
    proxy.add({ type: 'timeout', stream: 'upstream' }),
    proxy.add({ type: 'timeout', stream: 'downstream' }),
  ]
  expect(await Promise.all(['/now', '/now', '/health/ready', '/health/live'].map(statusOf))).toEqual([
    503, 503, 503, 200,
  ])
  for (const remove of heal) await remove()
  await vi.waitFor(async () => expect(await statusOf('/health/ready')).toBe(200), { timeout: 10_000 })
  expect(await statusOf('/now')).toBe(200)
  await app.close()
})
