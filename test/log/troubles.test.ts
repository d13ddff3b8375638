import { contract, t } from 'tricube'
import { expect, it, vi } from 'vitest'
import { logging, quiet } from './logFile.ts'

const handlers = { say: () => 'hello' }

it('logs once at the start that a database does not respond, with the reason', async () => {
  vi.stubEnv('DATABASE_URL', 'postgres://ann:hunter2@127.0.0.1:1/notes')
  const { app, lines } = await logging(quiet, { handlers, database: { acquireTimeoutMs: 500 } })
  const { url } = await app.listen()
  vi.unstubAllEnvs()
  expect((await fetch(`${url}/health/ready`)).status).toBe(503)
  const msg = 'the database does not respond; the service is not ready until it does'
  expect((await lines()).filter(({ level }) => level === 'warn')).toMatchObject([
    { msg, reason: 'connect ECONNREFUSED 127.0.0.1:1' },
  ])
})

it('logs at the start that a called service has no address, and how to set it', async () => {
  const others = contract('other-service', { ask: { route: 'GET /ask', returns: t.String() } })
  const { app, lines } = await logging(quiet, { handlers, clients: { others } })
  await app.inject('/health/live')
  expect((await lines()).filter(({ level }) => level === 'warn')).toMatchObject([
    { callee: 'other-service', msg: expect.stringContaining('TRICUBE_SERVICES') },
  ])
})

it('logs the field of an invalid response, not its value', async () => {
  const wrong = contract('wrong-service', {
    one: { route: 'GET /one', returns: t.Object({ at: t.String(), user: t.Object({ age: t.Integer() }) }) },
    many: { route: 'GET /many', paginated: true, returns: t.Object({ age: t.Integer() }) },
  })
  const { app, lines } = await logging(wrong, {
    handlers: {
      one: () => ({ at: new Date() as never, user: { age: 'hunter2' as never } }), // a date is written as text
      many: () => ({ items: [{ age: 1 }, {} as never], total: 2 }),
    },
  })
  for (const path of ['/one', '/many']) {
    expect((await app.inject(path)).json()).toEqual({ code: 50000, message: 'Internal Server Error' })
  }
  const logged = await lines()
  const failed = logged.filter(({ level }) => level === 'error').map(({ err }) => (err as Error).message)
  expect(failed).toEqual([
    'what the handler returned breaks its contract: user.age must be integer, got a string',
    'what the handler returned breaks its contract: 1.age is required',
  ])
  expect(JSON.stringify(logged)).not.toContain('hunter2')
})
