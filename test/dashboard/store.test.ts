/** What the dashboard takes, and what it keeps. */
import { appendFile, chmod, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { contract, service, t } from 'tricube'
import { describe, expect, it, onTestFinished } from 'vitest'
import { LogStore } from '../../src/dashboard/store/logs.ts'
import { RateSeries } from '../../src/dashboard/store/rates.ts'
import { openSegments } from '../../src/dashboard/store/segments.ts'
import { openStore } from '../../src/dashboard/store/store.ts'
import { TraceStore } from '../../src/dashboard/store/traces.ts'
import { parseTraceQuery } from '../../src/dashboard/model/traceQuery.ts'
import { zipkinSpans } from '../../src/dashboard/ingest/zipkin.ts'
import { accessLine, emptyFolder, open, spanId, zipkin } from './open.ts'

const fail = (error: Error): void => expect.unreachable(error.message)

describe('over a restart', () => {
  it('keeps traces and lines', async () => {
    const folder = await emptyFolder()
    const first = await open({ folder })
    first.addZipkin([zipkin({ name: 'before' })])
    first.addLine('user-service', accessLine({ path: '/before' }))
    await first.close()
    const second = await open({ folder })
    second.addLine('user-service', 'after')
    expect((await second.json('/api/traces')).traces.map(({ name }: any) => name)).toEqual(['before'])
    expect((await second.json('/api/logs')).lines.map(({ message }: any) => message)).toEqual(['request', 'after'])
  })

  it('tolerates a last line that is cut, and writes behind it', async () => {
    const folder = await emptyFolder()
    for (const round of [1, 2, 3]) {
      const dashboard = await open({ folder })
      dashboard.addLine('user-service', `line ${round}`)
      await dashboard.close()
      const files = (await readdir(join(folder, 'dashboard'))).filter((name) => name.startsWith('lines-')).toSorted()
      await appendFile(join(folder, 'dashboard', files.at(-1)!), '{"atMs":17,"message":"cut')
    }
    const { lines } = await (await open({ folder })).json('/api/logs')
    expect(lines.map(({ message }: any) => message)).toEqual(['line 1', 'line 2', 'line 3'])
  })

  it('forgets what was cleared', async () => {
    const folder = await emptyFolder()
    const first = await open({ folder })
    first.addZipkin([zipkin({})])
    first.addLine('user-service', 'old')
    expect((await first.change('/api/clear/logs')).status).toBe(200)
    expect((await first.change('/api/clear/traces')).status).toBe(200)
    first.addLine('user-service', 'new')
    await first.close()
    const second = await open({ folder })
    expect((await second.json('/api/traces')).traces).toEqual([])
    expect((await second.json('/api/logs')).lines.map(({ message }: any) => message)).toEqual(['new'])
  })

  it('writes files for its user alone, of at most so many bytes', async () => {
    const folder = await emptyFolder()
    const maxBytes = 80_000
    const segments = await openSegments({ folder, name: 'lines', maxBytes, onError: fail })
    for (let i = 0; i < 1000; i++) {
      segments.append({ i, text: 'x'.repeat(1000) })
      if (i % 5 === 0) await segments.flush()
    }
    await segments.close()
    const files = await readdir(folder)
    const stats = await Promise.all(files.map((file) => stat(join(folder, file))))
    expect(stats.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(maxBytes)
    expect(new Set(stats.map(({ mode }) => mode & 0o777))).toEqual(new Set([0o600]))
    const read: any[] = []
    for await (const record of (await openSegments({ folder, name: 'lines', maxBytes, onError: fail })).read())
      read.push(record)
    expect(read.at(-1).i).toBe(999)
    expect(read.map(({ i }) => i)).toEqual(read.map((_, at) => 1000 - read.length + at))
  })

  it('goes on in memory when the disk rejects a write, and says so once', async () => {
    const folder = await emptyFolder()
    const problems: Error[] = []
    const store = await openStore({ folder, onError: (error) => void problems.push(error) })
    await chmod(join(folder, 'dashboard'), 0o000)
    const isRoot = process.getuid?.() === 0
    if (isRoot) await appendFile(join(folder, 'dashboard', 'lines-00000001.ndjson'), '') // root may write: the file is there already
    for (let i = 0; i < 3; i++) store.addText('user-service', `line ${i}`)
    await store.close()
    await chmod(join(folder, 'dashboard'), 0o700)
    expect(problems).toHaveLength(1)
    expect(store.logs.size).toBe(3)
  })
})

describe('in memory', () => {
  it('keeps the newest lines, by number and by characters', () => {
    const logs = new LogStore({ lines: 100, characters: 5000 })
    const add = (raw: string) => logs.add({ atMs: 0, level: 'info', service: 's', message: raw.slice(0, 20), raw })
    for (let i = 0; i < 10_000; i++) add(`line ${i}`)
    expect(logs.size).toBe(100)
    expect(logs.page({}, { limit: 2 })).toMatchObject({
      lines: [{ raw: 'line 9998' }, { raw: 'line 9999' }],
      hasMore: true,
    })
    expect(logs.page({}, { before: 9902 }).lines).toHaveLength(1)
    add('x'.repeat(4990))
    expect(logs.size).toBeLessThan(4)
    add('x'.repeat(10_000))
    expect(logs.size).toBe(1)
  })

  it('finds the lines of a trace and of a level, also when ids end alike and numbers have gone round', () => {
    const logs = new LogStore({ lines: 100, characters: 1e6 })
    const [one, other] = ['a', 'b'].map((digit) => `${digit.repeat(24)}00000007`)
    for (let i = 0; i < 1050; i++) {
      const traceId = i % 10 === 0 ? one! : other!
      const level = i % 25 === 0 ? 'error' : 'info'
      logs.add({ atMs: i, level, service: 's', message: '', raw: `line ${i}`, ...(i % 2 === 0 && { traceId }) })
    }
    const found = (query: object) => logs.page(query).lines.map(({ atMs }) => atMs)
    expect(found({ traceId: one })).toEqual([950, 960, 970, 980, 990, 1000, 1010, 1020, 1030, 1040])
    expect(found({ level: 'error' })).toEqual([950, 975, 1000, 1025])
    expect(found({ level: 'error', traceId: one })).toEqual([950, 1000])
    expect(found({ traceId: 'c'.repeat(32) })).toEqual([])
    expect(found({ traceId: 'no id' })).toEqual([])
    logs.clear()
    logs.add({ atMs: 7, level: 'error', service: 's', message: '', raw: '', traceId: one! })
    expect(found({ traceId: one, level: 'warn' })).toEqual([7])
  })

  it('keeps the newest traces, and takes spans late and twice', () => {
    const traces = new TraceStore({ traces: 3, characters: 1e6 })
    const all = parseTraceQuery('')
    const ids = Array.from({ length: 5 }, () => spanId().padStart(32, 'b'))
    for (const traceId of ids) traces.add(zipkinSpans([zipkin({ traceId, name: traceId })]))
    expect(traces.page(all).traces.map(({ id }) => id)).toEqual(ids.slice(2).reverse())
    const version = traces.version
    const late = zipkinSpans([zipkin({ traceId: ids[3]!, parentId: '1'.repeat(16), name: 'late', ms: 500 })])
    expect(traces.add(late)).toHaveLength(1)
    expect(traces.add(late)).toHaveLength(0)
    expect(traces.since(version, all, 10)).toMatchObject([{ id: ids[3], spans: 2, name: ids[3] }])
    expect(traces.since(traces.version, all, 10)).toEqual([])
    // The trace that changed last changes again.
    const again = traces.version
    traces.add(zipkinSpans([zipkin({ traceId: ids[3]!, name: 'later' })]))
    expect(traces.since(again, all, 10)).toMatchObject([{ id: ids[3], spans: 3 }])
    expect(traces.page(all, { limit: 1 })).toMatchObject({ traces: [{ id: ids[4] }], hasMore: true })
    const [{ seq }] = traces.page(all).traces as [any]
    expect(traces.page(all, { before: seq }).traces.map(({ id }) => id)).toEqual([ids[3], ids[2]])
  })

  it('bounds one trace that never ends', () => {
    const traces = new TraceStore({ traces: 10, characters: 1e9 })
    const traceId = 'c'.repeat(32)
    for (let i = 0; i < 6000; i++) traces.add(zipkinSpans([zipkin({ traceId })]))
    expect(traces.spans(traceId)).toHaveLength(5000)
  })

  it('counts requests by the second, with percentiles within 5 %', () => {
    const rates = new RateSeries()
    const now = 1_700_000_001_000
    for (let i = 1; i <= 1000; i++) rates.add(now - 500, i, i % 100 === 0 ? 'error' : 'ok')
    rates.add(now - 600_000, 5, 'ok')
    const { perSecond, errorShare, p50Ms, p99Ms, requests, p50 } = rates.read(now)
    expect(requests.at(-1)).toBe(1000)
    expect(requests).toHaveLength(90)
    expect(requests.reduce((a, b) => a + b)).toBe(1000)
    expect(perSecond).toBeCloseTo(1000 / 9)
    expect(errorShare).toBe(0.01)
    expect(Math.abs(p50Ms! / 500 - 1)).toBeLessThan(0.05)
    expect(Math.abs(p99Ms! / 990 - 1)).toBeLessThan(0.05)
    expect(p50[0]).toBeNull()
    expect(rates.read(now + 600_000)).toMatchObject({ perSecond: 0, p50Ms: null })
  })
})

describe('what comes in', () => {
  it('counts the requests of the log, those of spans where there is no log, and no probe', async () => {
    const dashboard = await open()
    for (const status of [200, 404, 503]) dashboard.addLine('user-service', accessLine({ status }))
    dashboard.addLine('user-service', accessLine({ path: '/health/ready' }))
    dashboard.addZipkin([
      zipkin({ service: 'user-service' }),
      zipkin({ service: 'other' }),
      zipkin({ service: 'other', tags: { 'error.type': '500' } }),
    ])
    const { services } = await dashboard.json('/api/state')
    const counts = services.map(({ name, rates }: any) => [
      name,
      rates.requests.at(-1) + rates.requests.at(-2),
      rates.errorShare,
    ])
    expect(counts).toEqual([
      ['user-service', 3, 1 / 3],
      ['other', 2, 0.5],
    ])
    expect(services[1]).toMatchObject({ status: 'remote', isManaged: false })
  })

  it('cuts long values, and hides what is named like a secret', async () => {
    const dashboard = await open()
    const traceId = 'd'.repeat(32)
    dashboard.addZipkin([
      zipkin({
        traceId,
        tags: {
          big: 'x'.repeat(1024 * 1024),
          'http.request.header.authorization': 'Bearer abc123',
          url: 'postgres://me:hunter2@db/x',
        },
      }),
      { nonsense: true },
      null,
      zipkin({ traceId: '<script>' }),
    ])
    dashboard.addZipkin('nonsense')
    dashboard.addLine('user-service', 'password=hunter2 \u001b[31mred\u001b[0m')
    const { spans } = await dashboard.json(`/api/traces/${traceId}`)
    expect(spans).toHaveLength(1)
    expect(spans[0].attributes.big).toMatch(/^x{4096}… \(1,048,576 characters\)$/)
    const text = JSON.stringify([spans, await dashboard.json('/api/logs')])
    expect(text).not.toMatch(/abc123|hunter2|\\u001b/)
    expect(text).toContain('red')
    expect((await dashboard.json('/api/traces')).traces).toHaveLength(1)
  })

  it.each(['http/json', 'http/protobuf'])('takes OTLP of other programs: %s', async (protocol) => {
    const dashboard = await open()
    const { otlpPath } = await dashboard.json('/api/state')
    const hello = contract('hello-service', {
      greet: { route: 'GET /greetings/:name', params: { name: t.String() }, returns: t.String() },
    })
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: `${dashboard.origin}/${otlpPath}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_BSP_SCHEDULE_DELAY: '10',
    }
    for (const [name, value] of Object.entries(env)) {
      process.env[name] = value
      onTestFinished(() => void delete process.env[name])
    }
    const running = service(hello, {
      port: 0,
      handlers: {
        async greet({ params, span }) {
          span.set('greeting.length', 5)
          span.event('thinking', { hard: true })
          return `Hello ${params.name}`
        },
      },
    })
    const { url } = await running.listen()
    onTestFinished(() => running.close())
    await fetch(`${url}/greetings/Ann`)
    await expect.poll(async () => (await dashboard.json('/api/traces')).traces).toHaveLength(1)
    const [trace] = (await dashboard.json('/api/traces')).traces
    expect(trace).toMatchObject({
      service: 'hello-service',
      name: 'greet',
      status: 200,
      method: 'GET',
      path: '/greetings/Ann',
      spans: 1,
      errors: 0,
    })
    const { spans } = await dashboard.json(`/api/traces/${trace.id}`)
    expect(spans[0]).toMatchObject({
      kind: 'server',
      attributes: { 'greeting.length': '5', 'http.route': '/greetings/:name' },
      events: [{ name: 'thinking' }],
    })
    expect(Math.abs(spans[0].startMs - Date.now())).toBeLessThan(60_000)
  })

  it('takes OTLP log records, with the level of their number', async () => {
    const dashboard = await open()
    const { otlpPath } = await dashboard.json('/api/state')
    const body = {
      resourceLogs: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'py' } }] },
          scopeLogs: [
            {
              logRecords: [
                {
                  timeUnixNano: '1700000000000000000',
                  severityNumber: 17,
                  body: { stringValue: 'it broke' },
                  traceId: 'E'.repeat(32),
                  attributes: [
                    { key: 'attempt', value: { intValue: '3' } },
                    { key: 'api_key', value: { stringValue: 's3cret' } },
                  ],
                },
                {
                  observedTimeUnixNano: '1700000000000000000',
                  body: { kvlistValue: { values: [{ key: 'a', value: { boolValue: true } }] } },
                },
              ],
            },
          ],
        },
      ],
    }
    const post = (path: string, init: RequestInit = {}) =>
      fetch(`${dashboard.origin}/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        ...init,
      })
    expect((await post(`${otlpPath}/v1/logs`)).status).toBe(200)
    const { lines } = await dashboard.json('/api/logs')
    expect(lines).toMatchObject([
      { service: 'py', level: 'error', message: 'it broke', traceId: 'e'.repeat(32), atMs: 1_700_000_000_000 },
      { service: 'py', level: 'info', message: '{"a":true}' },
    ])
    expect(JSON.stringify(lines)).not.toContain('s3cret')
    // Only programs that know the key, and no page.
    expect((await post('otlp/guess/v1/logs')).status).toBe(404)
    expect((await post(`${otlpPath}/v1/logs`, { headers: { 'content-type': 'text/plain' } })).status).toBe(415)
    expect(
      (
        await post(`${otlpPath}/v1/logs`, {
          headers: { 'content-type': 'application/json', origin: 'http://evil.example' },
        })
      ).status,
    ).toBe(403)
    expect((await post(`${otlpPath}/v1/logs`, { body: '{' })).status).toBe(400)
    expect(
      (await post(`${otlpPath}/v1/traces`, { headers: { 'content-type': 'application/x-protobuf' }, body: 'nonsense' }))
        .status,
    ).toBe(400)
    expect((await post(`${otlpPath}/v1/logs`, { body: 'x'.repeat(9 * 1024 * 1024) })).status).toBe(413)
  })
})
