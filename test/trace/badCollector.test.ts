import { contract, service, t } from 'tricube'
import { afterEach, expect, it, vi } from 'vitest'
import { collector, status, type Responder } from './collector.ts'

afterEach(() => void vi.unstubAllEnvs())

const pings = contract('ping-service', { ping: { route: 'GET /ping', returns: t.String() } })

/** Serves requests while the collector responds like this; returns the metrics of the spans. */
async function underLoad(requests: number, respond: Responder) {
  await using zipkin = await collector(respond)
  vi.stubEnv('OTEL_EXPORTER_ZIPKIN_ENDPOINT', zipkin.url)
  vi.stubEnv('OTEL_BSP_SCHEDULE_DELAY', '10')
  vi.stubEnv('LOG_LEVEL', 'silent')
  vi.stubEnv('PORT', '0')
  const app = service(pings, { handlers: { ping: () => 'pong' }, trace: { opentelemetry: false } })
  await app.listen()
  for (let left = requests; left > 0; left -= 50) {
    const responses = await Promise.all(Array.from({ length: 50 }, () => app.inject('/ping')))
    expect(new Set(responses.map(({ statusCode }) => statusCode))).toEqual(new Set([200]))
  }
  const { payload: metrics } = await app.inject('/metrics')
  const closing = performance.now()
  await app.close()
  return { zipkin, metrics, closingMs: performance.now() - closing }
}

it.each<[string, Responder]>([
  ['resets every connection', (response) => response.socket!.resetAndDestroy()],
  ['never responds', () => {}],
  ['is not ready', status(503)],
])('serves every request while the collector %s, and stops within its limit', async (_, respond) => {
  const { metrics, closingMs } = await underLoad(7000, respond)
  const dropped = Number(/^tricube_spans_dropped_total (\d+)$/m.exec(metrics)![1])
  // Four batches are in flight, and the queue holds 2048.
  expect(dropped).toBeGreaterThanOrEqual(7000 - 4 * 1024 - 2048)
  expect(closingMs).toBeLessThan(5000)
})
