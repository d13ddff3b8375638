import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contract, service, t, type Logger } from 'tricube'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { callee, productService } from '../client/callee.ts'
import { logging, quiet } from './logFile.ts'

const handlers = {
  say: ({ params, log }: { params: { what: string }; log: Logger }) => {
    if (params.what === 'error') throw new Error('unexpected')
    log.info({ what: params.what }, 'said')
    return params.what
  },
}

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

it('shows the message of a cause once', async () => {
  const { app, lines } = await logging(quiet, { handlers })
  await app.run(({ log }) => {
    const cause = new RangeError('7 is too many')
    const errors = [
      new TypeError(`parameter $1: ${cause.message}`, { cause }),
      new Error('placing failed', { cause: new Error('paying failed', { cause }) }),
      new Error('placing failed', { cause: new Error('placing failed', { cause }) }),
    ]
    for (const err of errors) log.error({ err }, 'failed')
  })
  const failed = (await lines()).filter(({ msg }) => msg === 'failed')
  expect(failed.map(({ err }) => err.message)).toEqual([
    'parameter $1: 7 is too many',
    'placing failed: paying failed: 7 is too many',
    'placing failed: 7 is too many',
  ])
})

describe('the access line', () => {
  it('has the caller, the operation and the outcome', async () => {
    const { app, lines } = await logging(quiet, { handlers })
    const { url } = await app.listen()
    await fetch(`${url}/say/hello?password=hunter2`, { headers: { 'x-request-id': 'request-1', traceparent } })
    const line = (await lines()).find(({ msg }) => msg === 'request')
    expect(line).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      service: 'quiet-service',
      operation: 'say',
      method: 'GET',
      path: '/say/hello',
      status: 200,
      duration_ms: expect.any(Number),
      bytes: '{"code":0,"data":"hello"}'.length,
      peer: '127.0.0.1',
      request_id: 'request-1',
      trace_id: '0af7651916cd43dd8448eb211c80319c',
      span_id: expect.stringMatching(/^[0-9a-f]{16}$/),
      msg: 'request',
    })
  })

  it('and all lines of a request have its request id, operation and trace', async () => {
    const { app, lines } = await logging(quiet, { handlers })
    app.fastify.addHook('preHandler', async (request) => request.log.warn('from a plugin'))
    const headers = { 'x-request-id': 'request-1', traceparent }
    await app.inject({ url: '/say/hello', headers })
    await app.inject({ url: '/say/error', headers })
    const inside = (await lines()).filter(({ msg }) => msg !== 'stopped')
    expect(inside.map(({ msg }) => msg)).toEqual([
      'from a plugin',
      'said',
      'request',
      'from a plugin',
      'failed',
      'request',
    ])
    for (const line of inside) {
      expect(line).toMatchObject({ request_id: 'request-1', operation: 'say' })
      expect(line['trace_id'], line['msg']).toMatch(/^[0-9a-f]{32}$/)
      expect(line['span_id'], line['msg']).toMatch(/^[0-9a-f]{16}$/)
    }
  })

  it('is written for the configured share of requests, and for all that fail', async () => {
    const { app, lines } = await logging(quiet, { handlers, log: { requests: 0.25 } })
    const { url } = await app.listen()
    for (let i = 0; i < 40; i++) await fetch(`${url}/say/hello`)
    for (let i = 0; i < 3; i++) await fetch(`${url}/say/error`)
    const requests = (await lines()).filter(({ msg }) => msg === 'request')
    expect(requests.filter(({ status }) => status === 200).length).toBe(10)
    expect(requests.filter(({ status }) => status === 500).length).toBe(3)
  })

  it('is written only at debug for health, metrics, documentation and unknown paths', async () => {
    const urls = ['/health/live', '/health/ready', '/metrics', '/openapi/spec.json', '/stray']
    for (const level of ['info', 'debug'] as const) {
      const { app, lines } = await logging(quiet, { handlers, log: { level } })
      for (const url of urls) await app.inject(url)
      const paths = (await lines()).filter(({ msg }) => msg === 'request').map(({ path }) => path)
      expect(paths).toEqual(level === 'debug' ? urls : [])
    }
  })

  it('has the status 499 for a caller that hung up', async () => {
    const hung = new AbortController()
    const { app, lines } = await logging(quiet, {
      handlers: {
        async say({ signal }) {
          hung.abort()
          await once(signal, 'abort')
        },
      },
    })
    const { url } = await app.listen()
    await expect(fetch(`${url}/say/hello`, { signal: hung.signal })).rejects.toThrow('aborted')
    const line = (await lines()).find(({ msg }) => msg === 'request')
    expect(line).toMatchObject({ status: 499, bytes: 0, peer: '127.0.0.1' })
  })

  it('is the only line for a caller that hangs up during a call to another service', async () => {
    const silent = await callee('silent', () => 'silence')
    vi.stubEnv('TRICUBE_SERVICES', `product-service=${silent.address}`)
    onTestFinished(() => void vi.unstubAllEnvs())
    let outcome: unknown
    const { app, lines } = await logging(quiet, {
      clients: { products: productService },
      handlers: {
        async say({ clients }) {
          return clients.products!.getProduct!({ params: { id: 1 } }).catch((error: unknown) => {
            outcome = error
            throw error
          })
        },
      },
    })
    const { url } = await app.listen()
    const hung = new AbortController()
    silent.server.on('request', () => hung.abort())
    await expect(fetch(`${url}/say/hello`, { signal: hung.signal })).rejects.toThrow('aborted')
    await vi.waitFor(() => expect(outcome).toMatchObject({ status: 499, error: 'the caller hung up' }))
    expect((await lines()).filter(({ msg }) => msg === 'request' || msg === 'failed')).toMatchObject([{ status: 499 }])
  })

  it('has no caller over a Unix socket', async () => {
    const path = join(tmpdir(), `tricube-log-${process.pid}.sock`)
    vi.stubEnv('HOST', `unix:${path}`)
    onTestFinished(() => void vi.unstubAllEnvs())
    const { app, lines } = await logging(quiet, { handlers })
    await app.listen()
    const [response] = (await once(get({ socketPath: path, path: '/say/hello' }), 'response')) as [IncomingMessage]
    await once(response.resume(), 'close')
    const line = (await lines()).find(({ msg }) => msg === 'request')
    expect(line).toMatchObject({ status: 200, path: '/say/hello' })
    expect(line).not.toHaveProperty('peer')
  })

  it('has no trace without tracing', async () => {
    const { app, lines } = await logging(quiet, { handlers })
    await app.inject('/say/hello')
    const written = await lines()
    expect(written.map(({ msg }) => msg)).toContain('request')
    expect(written.flatMap(Object.keys)).not.toContain('trace_id')
    expect(written.flatMap(Object.keys)).not.toContain('span_id')
  })

  it('has the names of the Elastic Common Schema in the format ecs', async () => {
    const { app, lines } = await logging(quiet, { handlers, log: { format: 'ecs' } })
    const { url } = await app.listen()
    await fetch(`${url}/say/hello`, { headers: { 'x-request-id': 'request-1', traceparent } })
    await fetch(`${url}/say/error`)
    const [, said, request, failed] = await lines()
    expect(said).toMatchObject({
      message: 'said',
      what: 'hello',
      'http.request.id': 'request-1',
      'event.action': 'say',
    })
    expect(request).toEqual({
      'log.level': 'info',
      '@timestamp': expect.stringMatching(/^\d{4}-.*Z$/),
      'ecs.version': '8.17.0',
      'service.name': 'quiet-service',
      'event.action': 'say',
      'http.request.method': 'GET',
      'url.path': '/say/hello',
      'http.response.status_code': 200,
      'event.duration': expect.any(Number),
      'http.response.body.bytes': 25,
      'client.address': '127.0.0.1',
      'http.request.id': 'request-1',
      'trace.id': expect.any(String),
      'span.id': expect.any(String),
      message: 'request',
    })
    expect(Number.isInteger(request!['event.duration'])).toBe(true)
    expect(failed).toMatchObject({
      'log.level': 'error',
      'error.type': 'Error',
      'error.message': 'unexpected',
      'error.stack_trace': expect.stringContaining('lines.test.ts'),
    })
  })
})

describe('the log', () => {
  it('starts a new file when one is full', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tricube-roll-'))
    const app = service(quiet, { handlers, log: { file: { path: join(folder, 'service.log'), size: '1k', keep: 2 } } })
    await vi.waitFor(
      async () => {
        await app.inject('/say/hello')
        expect((await readdir(folder)).length).toBeGreaterThan(1)
      },
      { timeout: 10_000 },
    )
    await app.close()
    await rm(folder, { recursive: true })
  })

  it('fails to open in a folder that cannot be created', async () => {
    const app = service(quiet, { handlers, log: { file: '/dev/null/service.log' } })
    await expect(app.inject('/say/hello')).rejects.toThrow(/ENOTDIR|EEXIST/)
    await app.close()
  })

  it.each([
    [{ LOG_FORMAT: 'xml' }, 'LOG_FORMAT in the environment: expected one of json, ecs, pretty, got "xml"'],
    [{ LOG_REQUESTS: '2' }, 'LOG_REQUESTS in the environment: expected a number from 0 to 1, got 2'],
    [
      { OTEL_METRICS_EXPORTER: 'otlp' },
      'OTEL_METRICS_EXPORTER in the environment: expected one of prometheus, none, got "otlp"',
    ],
  ])('is configured by the environment, which is checked: %o', async (env, message) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
    const app = service(quiet, { handlers })
    const started = app.inject('/say/hello')
    await expect(started).rejects.toThrow(message)
    vi.unstubAllEnvs()
    await app.close()
  })
})

it('redacts what a route declares as secret', async () => {
  const reset = contract('reset-service', { reset: { route: 'GET /resets/:token/of/:name', returns: t.Unknown() } })
  const { app, text } = await logging(reset, { handlers: { reset: () => null } })
  await app.inject('/resets/s3cr3t/of/me')
  const written = await text()
  expect(written).toContain('/resets/:token/of/:name')
  expect(written).not.toContain('s3cr3t')
})
