import fc from 'fast-check'
import { Metrics } from 'tricube/metrics'
import { expect, it } from 'vitest'
import { addUp, countsOf } from '../../src/metrics/addUp.ts'
import { textOf } from '../../src/metrics/text.ts'

const help = 'Orders.'

/** Counts an order: its kind, its size, and by how much more are open. */
function order(metrics: Metrics, kind: string, size: number, open: number): void {
  metrics
    .counter('orders_total', { help, labels: ['kind'] })
    .labels({ kind })
    .inc(size)
  metrics
    .histogram('order_size', { help, labels: ['kind'], buckets: [2, 4, 8] })
    .labels({ kind })
    .observe(size)
  metrics.gauge('orders_open', { help }).inc(open)
}

it('adds counters and histograms of processes', () => {
  const orders = fc.array(
    fc.tuple(fc.nat(2), fc.constantFrom('gift', 'book'), fc.integer({ min: 0, max: 10 }), fc.integer()),
  )
  fc.assert(
    fc.property(orders, (placed) => {
      const one = new Metrics()
      const several = [new Metrics(), new Metrics(), new Metrics()]
      for (const [process, kind, size, open] of placed) {
        order(one, kind, size, open)
        order(several[process]!, kind, size, open)
      }
      const lines = (text: string): string[] => text.split('\n').sort()
      expect(lines(textOf(addUp(several.map((each) => each.snapshot()))).body)).toEqual(lines(one.text().body))
    }),
  )
})

it('combines gauges by their aggregator', () => {
  const several = [3, 1, 2].map((value) => {
    const metrics = new Metrics()
    metrics.gauge('lag_seconds', { help: 'Lag.', aggregator: 'max' }).set(value)
    metrics.gauge('started_seconds', { help: 'Start.', aggregator: 'min' }).set(value)
    return metrics.snapshot()
  })
  const { body } = textOf(addUp(several))
  expect(body).toContain('\nlag_seconds 3\n')
  expect(body).toContain('\nstarted_seconds 1\n')
})

it('keeps the counters of a process that has ended, not its gauges', () => {
  const gone = new Metrics()
  order(gone, 'gift', 3, 5)
  const { body } = textOf(addUp([new Metrics().snapshot(), countsOf(gone.snapshot())]))
  expect(body).toContain('orders_total{kind="gift"} 3\n')
  expect(body).toContain('order_size_sum{kind="gift"} 3\n')
  expect(body).not.toContain('orders_open')
})

it('takes the first definition when two releases disagree', () => {
  const [before, after] = [new Metrics(), new Metrics()]
  before.histogram('size', { help, buckets: [1] }).observe(1)
  after.histogram('size', { help, buckets: [1, 2] }).observe(1)
  before.gauge('open', { help }).set(1)
  after.histogram('open', { help: 'Other.' }).observe(1)
  const { body } = textOf(addUp([before.snapshot(), after.snapshot()]))
  expect(body).toContain('size_count 1\n')
  expect(body).toContain('open 1\n')
})

it('keeps the newest exemplar of each bucket', () => {
  const several = ['a', 'b'].map((digit) => {
    const metrics = new Metrics()
    metrics.histogram('size', { help, buckets: [1] }).observe(1, { traceId: digit.repeat(32) })
    return metrics.snapshot()
  })
  const { body } = textOf(addUp(several), 'application/openmetrics-text; version=1.0.0')
  expect(body).toMatch(/size_bucket\{le="1\.0"\} 2 # \{trace_id="[ab]{32}"\} 1 /)
})
