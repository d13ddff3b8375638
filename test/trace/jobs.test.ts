import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { contract, service, t } from 'tricube'
import { client } from 'tricube/client'
import { traced as decorated } from 'tricube/decorators'
import { staticRegistry } from 'tricube/discovery'
import { testService } from 'tricube/testing'
import { traced } from 'tricube/trace'
import { expect, it, onTestFinished, vi } from 'vitest'

const pingService = contract('ping-service', { ping: { route: 'GET /ping', returns: t.String() } })
const pings = service(pingService, {
  handlers: {
    async ping() {
      await inner()
      return 'pong'
    },
  },
})

const inner = traced(async () => 1, { name: 'inner', ambient: true, level: 'silent' })
const job = traced(
  async function nightly() {
    await inner()
    return inner()
  },
  { ambient: true },
)

async function running() {
  const app = await testService(pings, { config: { logLevel: 'silent' } })
  onTestFinished(() => app.close())
  return app
}

it('starts a trace with an ambient function outside of requests, and nests its calls', async () => {
  const app = await running()
  expect(await job()).toBe(1)
  const [first, second, root] = app.spans
  expect(app.spans.map(({ name }) => name)).toEqual(['inner', 'inner', 'nightly'])
  expect(root!.parentId).toBeUndefined()
  expect([first!.parentId, second!.parentId]).toEqual([root!.id, root!.id])
  expect(new Set(app.spans.map(({ traceId }) => traceId)).size).toBe(1)
})

it('records that a job has failed, and rethrows the error', async () => {
  const app = await running()
  const fails = traced(() => Promise.reject(new RangeError('no')), { name: 'fails', ambient: true, level: 'silent' })
  await expect(fails()).rejects.toThrow('no')
  expect(app.spans).toMatchObject([{ name: 'fails', parentId: undefined, errorType: 'RangeError' }])
})

it('does the same for a decorated method, and keeps functions of a request under it', async () => {
  const app = await running()
  const method = decorated({ level: 'silent' })(async () => inner(), { name: 'sweep' } as ClassMethodDecoratorContext<
    unknown,
    () => Promise<number>
  >)
  await method()
  expect(app.spans).toMatchObject([{ name: 'inner', parentId: app.spans[1]!.id }, { name: 'sweep' }])
  await app.client.ping()
  await vi.waitFor(() => expect(app.spans).toHaveLength(4))
  expect(app.spans.slice(2)).toMatchObject([{ name: 'inner', parentId: app.spans[3]!.id }, { name: 'ping' }])
})

it('puts the calls of a job under it, so that the callee continues its trace', async () => {
  const headers: IncomingHttpHeaders[] = []
  const server = createServer((request, response) => {
    headers.push(request.headers)
    response.setHeader('content-type', 'application/json').end('{"data":"pong"}')
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const app = await running()
  await using callee = client(pingService, { registry: staticRegistry({ 'ping-service': [`127.0.0.1:${port}`] }) })
  const calls = traced(async () => callee.ping(), { name: 'calls', ambient: true, level: 'silent' })
  await calls()
  await callee.ping() // and one without a job
  const root = app.spans.find(({ name }) => name === 'calls')
  const call = app.spans.find(({ name }) => name === 'ping-service.ping')
  expect(call).toMatchObject({ parentId: root!.id, traceId: root!.traceId })
  expect(headers[0]!['traceparent']).toBe(`00-${root!.traceId}-${call!.id}-03`)
  expect(headers[1]!['traceparent']).toBeUndefined()
})

it('records nothing once the service has stopped', async () => {
  const app = await running()
  await app.close()
  expect(await job()).toBe(1)
  expect(app.spans).toEqual([])
})
