import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { createServer as createHttpServer } from 'node:http'
import { Conflict, contract, GatewayTimeout, NotFound, service, ServiceUnavailable, t, type Service } from 'tricube'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { withResolvers } from '../withResolvers.ts'

const Role = t.Object({ id: t.Integer(), name: t.String() })
const roleService = contract('role-service', {
  getRole: { route: 'GET /roles/:id', params: { id: t.Integer() }, returns: Role },
  listRoles: {
    route: 'GET /roles',
    query: { tag: t.Optional(t.Array(t.String())) },
    headers: { 'x-tenant': t.Optional(t.String()) },
    paginated: true,
    returns: Role,
  },
  createRole: { route: 'POST /roles', body: t.Object({ name: t.String() }), returns: Role },
  whoAsks: { route: 'GET /whoasks', returns: t.Record(t.String(), t.String()) },
  never: { route: 'GET /never', returns: t.String() },
})
const callerContract = contract('caller-service', {
  ask: { route: 'GET /ask/:what', query: { ms: t.Optional(t.Integer()) }, returns: t.Unknown() },
})

const roles = () =>
  service(roleService, {
    handlers: {
      getRole({ params }) {
        if (params.id === 404) throw new NotFound('role 404')
        if (params.id === 409) throw new Conflict('taken', { code: 40912, message: 'Role Taken' })
        if (params.id === 500) throw new Error('hidden')
        return { id: params.id, name: 'admin/äöü' }
      },
      listRoles: ({ query, headers }) => ({
        items: [{ id: query.page, name: `${query.tag?.join('+')} ${headers['x-tenant']}` }],
        total: 7,
      }),
      createRole: ({ body }) => ({ id: 1, name: body.name }),
      whoAsks: ({ request }) => request.headers as Record<string, string>,
      never: ({ signal }) =>
        new Promise<string>((_, reject) => {
          started()
          signal.addEventListener('abort', () => {
            aborted()
            reject(new Error('aborted'))
          })
        }),
    },
  })

let started: () => void = () => {}
let aborted: () => void = () => {}

/** A service whose handler calls `role-service` as the test configures it. */
function caller(ask: (context: Parameters<typeof dispatch>[0]) => unknown = dispatch): Service {
  return service(callerContract, {
    clients: { roles: roleService },
    handlers: { ask: ask },
  })
}

interface Asked {
  readonly params: { what: string }
  readonly query: { ms?: number }
  readonly clients: { roles: import('tricube').Client<typeof roleService> }
}

function dispatch({ params: { what }, query: { ms }, clients: { roles: client } }: Asked): unknown {
  const options = ms === undefined ? {} : { timeoutMs: ms }
  if (what === 'list')
    return client.listRoles({ query: { page: 2, tag: ['a b', 'c&d'] }, headers: { 'x-tenant': 'x' } })
  if (what === 'create') return client.createRole({ body: { name: 'new' } })
  if (what === 'who') return client.whoAsks()
  if (what === 'never') return client.never({}, options)
  return client.getRole({ params: { id: Number(what) } }, options)
}

const running: { close(): unknown }[] = []
afterEach(async () => {
  delete process.env['TRICUBE_SERVICES']
  for (const one of running.splice(0).reverse()) await one.close()
})

async function listen(app: Service): Promise<string> {
  running.push(app)
  const { url } = await app.listen()
  return url
}

process.env['LOG_LEVEL'] = 'silent'

async function pair(): Promise<string> {
  const { host } = new URL(await listen(roles()))
  process.env['TRICUBE_SERVICES'] = `role-service=${host}`
  return listen(caller())
}

async function get(
  url: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: any; text: string }> {
  const response = await fetch(url, { headers })
  const text = await response.text()
  return { status: response.status, text, body: JSON.parse(text) }
}

describe('a call to another service', () => {
  it('returns the typed value', async () => {
    const url = await pair()
    expect((await get(`${url}/ask/7`)).body.data).toEqual({ id: 7, name: 'admin/äöü' })
    expect((await get(`${url}/ask/create`)).body.data).toEqual({ id: 1, name: 'new' })
    expect((await get(`${url}/ask/list`)).body.data).toEqual({
      items: [{ id: 2, name: 'a b+c&d x' }],
      page: 2,
      size: 20,
      total: 7,
    })
  })

  it('fails with the class and the code of the response', async () => {
    const url = await pair()
    expect(await get(`${url}/ask/404`)).toMatchObject({
      status: 404,
      body: { code: 40400, message: 'Not Found', error: 'role 404' },
    })
    expect(await get(`${url}/ask/409`)).toMatchObject({
      status: 409,
      body: { code: 40912, message: 'Role Taken', error: 'taken' },
    })
    expect(await get(`${url}/ask/500`)).toMatchObject({ status: 500, body: { code: 50000 } })
  })

  it('carries the request id and the remaining time', async () => {
    const url = await pair()
    const { body } = await get(`${url}/ask/who`, { 'x-request-id': 'r-1', 'x-request-timeout-ms': '400' })
    expect(body.data).toMatchObject({ 'x-request-id': 'r-1', 'x-request-attempt': '0', accept: 'application/json' })
    const left = Number(body.data['x-request-timeout-ms'])
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThanOrEqual(400)
    const unhurried = await get(`${url}/ask/who`)
    expect(unhurried.body.data['x-request-timeout-ms']).toBe('5000')
  })

  it('fails with 504 when the response takes too long, and aborts the signal of the callee', async () => {
    const url = await pair()
    const stopped = new Promise<void>((resolve) => (aborted = resolve))
    const response = await get(`${url}/ask/never?ms=50`)
    expect(response).toMatchObject({ status: 504, body: { code: 50400 } })
    await stopped
  })

  it('is canceled when the caller hangs up', async () => {
    const url = await pair()
    const stopped = new Promise<void>((resolve) => (aborted = resolve))
    const controller = new AbortController()
    const running = new Promise<void>((resolve) => (started = resolve))
    const hungUp = fetch(`${url}/ask/never`, { signal: controller.signal }).catch((error: Error) => error.name)
    await running
    controller.abort()
    expect(await hungUp).toBe('AbortError')
    await stopped
  })

  it('is canceled with all calls of its request or by its own signal, and is not sent after the caller has gone', async () => {
    const { host } = new URL(await listen(roles()))
    process.env['TRICUBE_SERVICES'] = `role-service=${host}`
    const [browser, own, unused] = [new AbortController(), new AbortController(), new AbortController()]
    const all = withResolvers<PromiseSettledResult<unknown>[]>()
    const alone = withResolvers<unknown>()
    const url = await listen(
      caller(async ({ clients: { roles: client } }) => {
        void client.never({}, { signal: own.signal }).catch(alone.resolve)
        const calls = [client.never(), client.never({}, { signal: unused.signal }), client.never()]
        const first = await Promise.allSettled(calls)
        all.resolve([...first, ...(await Promise.allSettled([client.getRole({ params: { id: 1 } })]))])
      }),
    )
    const counts = { started: 0, aborted: 0 }
    started = () => (counts.started += 1)
    aborted = () => (counts.aborted += 1)
    const hungUp = fetch(`${url}/ask/x`, { signal: browser.signal }).catch((error: Error) => error.name)
    await vi.waitFor(() => expect(counts.started).toBe(4))
    own.abort()
    expect(await alone.promise).toBe(own.signal.reason)
    await vi.waitFor(() => expect(counts.aborted).toBe(1))
    browser.abort()
    expect(await hungUp).toBe('AbortError')
    const settled = await all.promise
    expect(settled.map(({ status }) => status)).toEqual(Array(4).fill('rejected'))
    for (const one of settled) expect((one as PromiseRejectedResult).reason).toMatchObject({ status: 499 })
    await vi.waitFor(() => expect(counts.aborted).toBe(4))
  })

  it('that waits for a retry is canceled at once', async () => {
    let asked = 0
    const busy = createHttpServer((_, response) => {
      asked += 1
      response.writeHead(503, { 'retry-after': '60', 'x-should-retry': 'true' }).end('{}')
    }).listen(0)
    await once(busy, 'listening')
    running.push(busy)
    process.env['TRICUBE_SERVICES'] = `role-service=127.0.0.1:${(busy.address() as AddressInfo).port}`
    const failed = withResolvers<unknown>()
    const url = await listen(
      caller(({ clients: { roles: client } }) =>
        client.getRole({ params: { id: 1 } }, { timeoutMs: 120_000 }).catch(failed.resolve),
      ),
    )
    const browser = new AbortController()
    const hungUp = fetch(`${url}/ask/x`, { signal: browser.signal }).catch((error: Error) => error.name)
    await vi.waitFor(() => expect(asked).toBe(1))
    browser.abort()
    expect(await hungUp).toBe('AbortError')
    expect(await failed.promise).toMatchObject({ status: 499 })
    expect(asked).toBe(1)
  })
})

describe('a failing callee', () => {
  const down = { code: 50300, message: 'Service Unavailable' }

  it('that does not listen is a 503 that shows only its name', async () => {
    const port = await freePort()
    process.env['TRICUBE_SERVICES'] = `role-service=127.0.0.1:${port}`
    const url = await listen(caller())
    const response = await get(`${url}/ask/1`)
    expect(response).toMatchObject({
      status: 503,
      body: { ...down, error: 'role-service is unavailable: nothing listens at its address' },
    })
    expect(response.text).not.toContain(String(port))
  })

  it('that no registry knows is a 503', async () => {
    const url = await listen(caller())
    expect(await get(`${url}/ask/1`)).toMatchObject({
      status: 503,
      body: { ...down, error: 'role-service has no instance' },
    })
  })

  it('that hangs up is a 503, and one that never responds is a 504 at the timeout', async () => {
    const silent = await listenTcp((socket) => socket.on('data', () => {}))
    const rude = await listenTcp((socket) => socket.once('data', () => socket.destroy()))
    process.env['TRICUBE_SERVICES'] = `role-service=127.0.0.1:${rude}`
    expect(await get(`${await listen(caller())}/ask/1`)).toMatchObject({ status: 503, body: down })
    process.env['TRICUBE_SERVICES'] = `role-service=127.0.0.1:${silent}`
    expect(await get(`${await listen(caller())}/ask/1?ms=50`)).toMatchObject({
      status: 504,
      body: { code: 50400, error: expect.stringMatching(/^role-service did not respond within \d+ ms$/) },
    })
  })

  it('that sends an invalid response is a 502', async () => {
    const server = createHttpServer((_request, response) => response.end('<html>hello</html>')).listen(0, '127.0.0.1')
    running.push({ close: () => server.close() })
    await once(server, 'listening')
    process.env['TRICUBE_SERVICES'] = `role-service=127.0.0.1:${(server.address() as AddressInfo).port}`
    expect(await get(`${await listen(caller())}/ask/1`)).toMatchObject({ status: 502, body: { code: 50200 } })
  })

  it('has errors of different classes', async () => {
    process.env['TRICUBE_SERVICES'] = `role-service=127.0.0.1:${await freePort()}`
    const app = caller(async ({ clients }) => {
      try {
        return await clients.roles.getRole({ params: { id: 1 } })
      } catch (error) {
        return [error instanceof ServiceUnavailable, error instanceof GatewayTimeout]
      }
    })
    expect((await get(`${await listen(app)}/ask/1`)).body.data).toEqual([true, false])
  })
})

async function listenTcp(onSocket: (socket: import('node:net').Socket) => void): Promise<number> {
  const sockets = new Set<import('node:net').Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    onSocket(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  running.push({
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  })
  return (server.address() as AddressInfo).port
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
