import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { contract, openapiDocument, service, t, type ServiceOptions } from 'tricube'
import { testService } from 'tricube/testing'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

const stock = contract('stock-service', {
  show: { route: 'GET /stock/:id', returns: t.String() },
  reserve: { route: 'POST /stock/:id/reserve', internal: true, returns: t.String() },
  release: { route: 'DELETE /stock/:id', internal: true },
})
const handlers = { show: () => 'shown', reserve: () => 'reserved', release() {} }

async function listening(options: Partial<ServiceOptions<typeof stock.operations>> = {}): Promise<string> {
  vi.stubEnv('LOG_LEVEL', 'silent')
  const running = service(stock, { ...options, handlers })
  onTestFinished(async () => {
    await running.close()
    vi.unstubAllEnvs()
  })
  return (await running.listen()).url
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function statuses(url: string): Promise<Record<string, number>> {
  const paths = ['/docs', '/openapi/spec.json', '/metrics', '/health/live', '/health/ready', '/stock/1']
  const entries = paths.map(async (path) => [path, (await fetch(url + path)).status] as const)
  return Object.fromEntries(await Promise.all(entries))
}

async function json(url: string): Promise<Record<string, unknown>> {
  return (await fetch(url)).json() as Promise<Record<string, unknown>>
}

const everything = {
  '/docs': 200,
  '/openapi/spec.json': 200,
  '/metrics': 200,
  '/health/live': 200,
  '/health/ready': 200,
}

describe('docs, metrics and health details', () => {
  it('are on the port of the service by default', async () => {
    expect(await statuses(await listening())).toEqual({ ...everything, '/stock/1': 200 })
  })

  it('can be turned off', async () => {
    const url = await listening({ docs: false, metrics: false, health: { details: false } })
    expect(await statuses(url)).toEqual({
      ...everything,
      '/docs': 404,
      '/openapi/spec.json': 404,
      '/metrics': 404,
      '/stock/1': 200,
    })
    expect(await json(`${url}/health/ready`)).toEqual({ status: 'ready' })
    expect((await fetch(`${url}/docs/swagger-ui.css`)).status).toBe(404)
  })

  it('move to the admin port, which has no operations', async () => {
    const port = await freePort()
    vi.stubEnv('TRICUBE_ADMIN_PORT', String(port))
    const url = await listening({ edge: true })
    const admin = `http://127.0.0.1:${port}`
    expect(await statuses(admin)).toEqual({ ...everything, '/stock/1': 404 })
    expect(await statuses(url)).toEqual({
      ...everything,
      '/docs': 404,
      '/openapi/spec.json': 404,
      '/metrics': 404,
      '/stock/1': 200,
    })
    expect(await json(`${url}/health/ready`)).toEqual({ status: 'ready' })
    expect(await json(`${admin}/health/ready`)).toMatchObject({ status: 'ready' })
    const { paths } = await json(`${admin}/openapi/spec.json`)
    expect(Object.keys(paths as object)).toEqual(['/stock/{id}', '/stock/{id}/reserve'])
    const metrics = await (await fetch(`${admin}/metrics`)).text()
    expect(metrics).toContain('operation="show"')
  })

  it('can be turned off on the admin port', async () => {
    const port = await freePort()
    vi.stubEnv('TRICUBE_ADMIN_PORT', String(port))
    await listening({ docs: false, metrics: false })
    expect(await statuses(`http://127.0.0.1:${port}`)).toMatchObject({ '/docs': 404, '/metrics': 404 })
  })

  it('fail the start when the admin port is taken or invalid', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    onTestFinished(() => void taken.close())
    vi.stubEnv('TRICUBE_ADMIN_PORT', String((taken.address() as AddressInfo).port))
    await expect(listening()).rejects.toThrow('EADDRINUSE')
    vi.stubEnv('TRICUBE_ADMIN_PORT', '70000')
    await expect(listening()).rejects.toThrow('TRICUBE_ADMIN_PORT')
  })

  it('accept only true or false as options', () => {
    expect(() => service(stock, { handlers, docs: 'no' as never })).toThrow('docs: expected true or false, got "no"')
    expect(() => service(stock, { handlers, health: { detail: false } as never })).toThrow('health.detail')
  })
})

describe('an internal operation', () => {
  const other = { id: '1' }

  it('is available to other services, and in the document', async () => {
    await using app = await testService(service(stock, { handlers }))
    expect((await app.client.reserve({ params: other })).data).toBe('reserved')
    expect((await app.inject('/openapi/spec.json')).json().paths).toHaveProperty('/stock/{id}/reserve')
  })

  it('does not exist at the edge', async () => {
    await using app = await testService(service(stock, { handlers, edge: true }))
    await expect(app.client.reserve({ params: other })).rejects.toMatchObject({ status: 502, code: 50200 })
    expect((await app.inject({ method: 'GET', url: '/stock/1/reserve' })).statusCode).toBe(404)
    const wrongMethod = await app.inject({ method: 'DELETE', url: '/stock/1' })
    expect([wrongMethod.statusCode, wrongMethod.headers.allow]).toEqual([405, 'GET, HEAD'])
    const document = (await app.inject('/openapi/spec.json')).json()
    expect(Object.keys(document.paths)).toEqual(['/stock/{id}'])
    expect(Object.keys(document.paths['/stock/{id}'])).toEqual(['get'])
  })

  it('is missing in a public document', () => {
    expect(Object.keys(openapiDocument(stock, { audience: 'public' }).paths)).toEqual(['/stock/{id}'])
    expect(Object.keys(openapiDocument(stock).paths)).toHaveLength(2)
  })

  it('is declared with true or false', () => {
    expect(() => contract('a', { b: { route: 'GET /b', internal: 'yes' as never } })).toThrow(
      'a.b: internal must be true or false',
    )
  })
})
