import { contract, service, t } from 'tricube'
import { afterEach, expect, it, vi } from 'vitest'
import { collector, status, type Answer } from './collector.ts'

afterEach(() => void vi.unstubAllEnvs())

const pings = contract('ping-service', { ping: { route: 'GET /ping', returns: t.String() } })

/** Answers so many requests with a collector like this at the other end; gives what became of the spans. */
async function underLoad(requests: number, answer: Answer) {
  await using zipkin = await collector(answer)
  vi.stubEnv('OTEL_EXPORTER_ZIPKIN_ENDPOINT', zipkin.url)
  vi.stubEnv('OTEL_BSP_SCHEDULE_DELAY', '10')
  vi.stubEnv('LOG_LEVEL', 'silent')
  vi.stubEnv('PORT', '0')
  const app = service(pings, { handlers: { ping: () => 'pong' }, trace: { opentelemetry: false } })
  await app.listen()
  for (let left = requests; left > 0; left -= 50) {
    const answers = await Promise.all(Array.from({ length: 50 }, () => app.inject('/ping')))
    expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([200]))
  }
  const { payload: metrics } = await app.inject('/metrics')
  const closing = performance.now()
  await app.close()
  return { zipkin, metrics, closingMs: performance.now() - closing }
}

it.each<[string, Answer]>([
  ['resets every connection', (response) => response.socket!.resetAndDestroy()],
  ['never answers', () => {}],
  ['is not ready', status(503)],
])('answers every request while the collector %s, and stops within its limit', async (_, answer) => {
  const { metrics, closingMs } = await underLoad(7000, answer)
  const dropped = Number(/^tricube_spans_dropped_total (\d+)$/m.exec(metrics)![1])
  // Four batches are under way, and the queue holds 2048.
  expect(dropped).toBeGreaterThanOrEqual(7000 - 4 * 1024 - 2048)
  expect(closingMs).toBeLessThan(5000)
})
