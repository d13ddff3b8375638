import { afterEach, expect, it, vi } from 'vitest'
import { openTraces } from '../../src/cli/dev/traces.ts'

afterEach(() => void vi.useRealTimers())

const span = (id: string, parentId: string | undefined, service: string, name: string, tags = {}) => ({
  traceId: '0af7651916cd43dd8448eb211c80319c',
  id,
  parentId,
  name,
  timestamp: 1_767_600_000_000_000 + Number(id) * 1000,
  duration: 10_000 - Number(id) * 2000,
  localEndpoint: { serviceName: service },
  tags,
})

it('prints a trace once, when it is complete', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const print = vi.fn()
  const traces = await openTraces(print, {})
  const send = async (body: string): Promise<number> =>
    (await fetch(traces.env['OTEL_EXPORTER_ZIPKIN_ENDPOINT']!, { method: 'POST', body })).status

  expect(await send(JSON.stringify([span('2', '1', 'roles', 'getRole', { 'error.type': '500' })]))).toBe(202)
  await vi.advanceTimersByTimeAsync(900)
  expect(await send(JSON.stringify([span('1', undefined, 'users', 'getUser')]))).toBe(202)
  expect(await send('nonsense')).toBe(400)
  await vi.advanceTimersByTimeAsync(900)
  expect(print).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(200)
  expect(print.mock.calls).toEqual([
    [
      `trace 0af7651916cd43dd8448eb211c80319c
users getUser       8.0 ms  ████████████████████████
└─ roles getRole    6.0 ms     ██████████████████     ✗ 500
`,
    ],
  ])
  await traces.stop()
})

it('prints a few traces a second, and how many more there are', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const print = vi.fn<(tree: string) => void>()
  const traces = await openTraces(print, {})
  const send = async (count: number): Promise<void> => {
    const ids = Array.from({ length: count }, (_, i) => String(i).padStart(32, '0'))
    const spans = ids.map((traceId) => ({ ...span('1', undefined, 'users', 'getUser'), traceId }))
    await fetch(traces.env['OTEL_EXPORTER_ZIPKIN_ENDPOINT']!, { method: 'POST', body: JSON.stringify(spans) })
  }
  await send(12)
  await vi.advanceTimersByTimeAsync(2100)
  expect(print.mock.calls.map(([tree]) => tree.split('\n')[0]!.slice(0, 6))).toEqual([
    ...Array(5).fill('trace '),
    'and 7 ',
  ])
  expect(print.mock.lastCall).toEqual(['and 7 more traces\n'])
  await send(1)
  await vi.advanceTimersByTimeAsync(2100)
  expect(print).toHaveBeenCalledTimes(7)
  await traces.stop()
})

it('names the traces that caused one, each once', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const print = vi.fn()
  const traces = await openTraces(print, {})
  const [cause, other] = ['a'.repeat(32), 'b'.repeat(32)]
  const body = JSON.stringify([
    span('1', undefined, 'stock', 'on reserve', { 'link.0': `${cause}-${'1'.repeat(16)}`, 'link.1': `${other}-2` }),
    span('2', '1', 'stock', 'reload', { 'link.0': `${cause}-${'3'.repeat(16)}`, 'link.kind': 'none' }),
  ])
  await fetch(traces.env['OTEL_EXPORTER_ZIPKIN_ENDPOINT']!, { method: 'POST', body })
  await vi.advanceTimersByTimeAsync(1100)
  expect(print.mock.calls[0]![0].split('\n')[0]).toBe(
    `trace 0af7651916cd43dd8448eb211c80319c, caused by ${cause}, ${other}`,
  )
  await traces.stop()
})

it('starts no receiver when the user has set an exporter', async () => {
  const traces = await openTraces(() => {}, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' })
  expect(traces.env).toEqual({})
  await traces.stop()
})

// A page in a browser can send a simple request to any port of the machine that it runs on.
it('accepts spans only from the services', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const print = vi.fn()
  const traces = await openTraces(print, {})
  const { origin, href } = new URL(traces.env['OTEL_EXPORTER_ZIPKIN_ENDPOINT']!)
  const body = JSON.stringify([span('1', undefined, 'forged', '\u001b[2J')])
  const post = async (url: string, headers = {}): Promise<number> =>
    (await fetch(url, { method: 'POST', body, headers })).status
  expect(await post(`${origin}/api/v2/spans`)).toBe(404)
  expect(await post(`${origin}/`, { 'content-type': 'application/json' })).toBe(404)
  expect(await post(`${href}/`)).toBe(404)
  expect((await fetch(href, { method: 'OPTIONS' })).status).toBe(404)
  await vi.advanceTimersByTimeAsync(2000)
  expect(print).not.toHaveBeenCalled()
  await traces.stop()
})
