import fc from 'fast-check'
import { Metrics } from 'tricube/metrics'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { parse } from './parse.ts'

const openMetrics = 'application/openmetrics-text; version=1.0.0'
const help = 'Orders placed.'

describe('the text format', () => {
  it("is Prometheus'", () => {
    const metrics = new Metrics()
    metrics.counter('orders_placed_total', { help }).inc(3)
    metrics
      .gauge('orders_open', { help: 'Open\norders, "all".', labels: ['kind'] })
      .labels({ kind: 'a"b' })
      .set(-0.5)
    const size = metrics.histogram('order_bytes', { help: 'Size.', buckets: [1, 2.5] })
    for (const value of [1, 2, 3]) size.observe(value)
    expect(metrics.text()).toEqual({
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      body: `# HELP orders_placed_total Orders placed.
# TYPE orders_placed_total counter
orders_placed_total 3
# HELP orders_open Open\\norders, "all".
# TYPE orders_open gauge
orders_open{kind="a\\"b"} -0.5
# HELP order_bytes Size.
# TYPE order_bytes histogram
order_bytes_bucket{le="1"} 1
order_bytes_bucket{le="2.5"} 2
order_bytes_bucket{le="+Inf"} 3
order_bytes_sum 6
order_bytes_count 3
`,
    })
  })

  it('is OpenMetrics with exemplars when the scraper prefers that', () => {
    vi.useFakeTimers({ now: 1_700_000_000_123 })
    const metrics = new Metrics()
    metrics.counter('orders_placed_total', { help: 'Orders "placed".' }).inc()
    const duration = metrics.histogram('order_seconds', { help, labels: ['kind'], buckets: [1] }).labels({ kind: 'a' })
    duration.observe(0.25, { traceId: '0af7651916cd43dd8448eb211c80319c' })
    expect(metrics.text(openMetrics)).toEqual({
      contentType: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
      body: `# HELP orders_placed Orders \\"placed\\".
# TYPE orders_placed counter
orders_placed_total 1
# HELP order_seconds Orders placed.
# TYPE order_seconds histogram
order_seconds_bucket{kind="a",le="1.0"} 1 # {trace_id="0af7651916cd43dd8448eb211c80319c"} 0.25 1700000000.123
order_seconds_bucket{kind="a",le="+Inf"} 1
order_seconds_sum{kind="a"} 0.25
order_seconds_count{kind="a"} 1
# EOF
`,
    })
  })

  it('keeps an exemplar for a second', () => {
    vi.useFakeTimers({ now: 1_000_000 })
    const metrics = new Metrics()
    const duration = metrics.histogram('order_seconds', { help })
    const kept = (): string | undefined =>
      parse(metrics.text(openMetrics).body).samples.find(({ exemplar }) => exemplar)?.exemplar?.labels['trace_id']
    for (const traceId of ['a', 'b']) duration.observe(0.5, { traceId })
    expect(kept()).toBe('a')
    vi.setSystemTime(1_001_000)
    duration.observe(0.5, { traceId: 'c' })
    expect(kept()).toBe('c')
  })
  afterEach(() => void vi.useRealTimers())

  it('parses back to the same labels, helps and numbers in both formats', () => {
    const text = fc.string({ unit: fc.constantFrom('"', '\\', '\n', 'n', ',', '}', '=', '#', ' ', 'ä', '数') })
    const value = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(Infinity, -Infinity, 1e21, 1e-7))
    fc.assert(
      fc.property(fc.uniqueArray(text, { minLength: 1 }), text, value, fc.boolean(), (kinds, helpEnd, set, open) => {
        const metrics = new Metrics()
        const gauge = metrics.gauge('orders_open', { help: `Help ${helpEnd}.`, labels: ['kind', 'place'] })
        for (const kind of kinds) gauge.labels({ kind, place: helpEnd }).set(set)
        const parsed = parse(metrics.text(open ? openMetrics : undefined).body)
        expect(parsed.samples.map(({ labels }) => labels)).toEqual(kinds.map((kind) => ({ kind, place: helpEnd })))
        for (const sample of parsed.samples) expect(sample.value).toBe(set === 0 ? 0 : set)
        expect(parsed.help).toEqual({ orders_open: `Help ${helpEnd}.` })
      }),
    )
  })

  it('counts a value in its bucket and in all above', () => {
    const bounds = fc.uniqueArray(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }), {
      minLength: 1,
    })
    fc.assert(
      fc.property(bounds, fc.array(fc.double({ noNaN: true, min: -1e7, max: 1e7 })), (unsorted, values) => {
        const buckets = unsorted.map((bound) => (bound === 0 ? 0 : bound)).sort((a, b) => a - b)
        fc.pre(new Set(buckets).size === buckets.length)
        const metrics = new Metrics()
        const histogram = metrics.histogram('order_bytes', { help, buckets })
        for (const value of values) histogram.observe(value)
        const { samples } = parse(metrics.text().body)
        for (const { name, labels, value } of samples) {
          const limit = labels['le'] === '+Inf' ? Infinity : Number(labels['le'])
          if (name === 'order_bytes_bucket') expect(value).toBe(values.filter((one) => one <= limit).length)
          if (name === 'order_bytes_count') expect(value).toBe(values.length)
        }
        expect(samples.length).toBe(buckets.length + 3)
      }),
    )
  })

  it.each([
    [undefined, 'text/plain'],
    ['*/*', 'text/plain'],
    ['text/html, text/plain;q=0.5', 'text/plain'],
    ['application/openmetrics-text', 'application/openmetrics-text'],
    ['application/openmetrics-text; version=0.0.1', 'text/plain'],
    ['application/openmetrics-text;version=1.0.0;q=0', 'text/plain'],
    ['application/openmetrics-text;version=1.0.0;q=0.2,text/plain;version=0.0.4;q=0.5', 'text/plain'],
    // What Prometheus 2 and 3 send.
    [
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      'application/openmetrics-text',
    ],
    [
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
      'application/openmetrics-text',
    ],
  ])('is negotiated: %s', (accept, type) => {
    expect(new Metrics().text(accept).contentType.split(';')[0]).toBe(type)
  })
})

describe('a metric', () => {
  it('is the same when it is created again', () => {
    const metrics = new Metrics()
    metrics.counter('orders_placed_total', { help }).inc()
    metrics.counter('orders_placed_total', { help }).inc(2)
    expect(metrics.counter('orders_placed_total', { help }).value).toBe(3)
    const open = metrics.gauge('orders_open', { help, labels: ['kind'] })
    open.labels({ kind: 'gift' }).inc(5)
    open.labels({ kind: 'gift' }).dec()
    expect(metrics.gauge('orders_open', { help, labels: ['kind'] }).labels({ kind: 'gift' }).value).toBe(4)
  })

  it.each<[string, (metrics: Metrics) => void]>([
    ['metric order-count: expected a name like orders_placed_total', (m) => m.gauge('order-count', { help })],
    ["metric orders: a counter's name ends in _total", (m) => m.counter('orders', { help })],
    [
      'metric orders_total: the ending _total is reserved for counters and histograms: choose another name',
      (m) => m.gauge('orders_total', { help }),
    ],
    [
      'metric x_bucket: the ending _bucket is reserved for counters and histograms: choose another name',
      (m) => m.histogram('x_bucket', { help }),
    ],
    ['metric orders: needs a help text that says what it counts or measures', (m) => m.gauge('orders', { help: ' ' })],
    [
      `metric orders: expected a label's name like status, got "le"`,
      (m) => m.gauge('orders', { help, labels: ['le'] }),
    ],
    [
      `metric orders: expected a label's name like status, got "__x"`,
      (m) => m.gauge('orders', { help, labels: ['__x'] }),
    ],
    ['metric orders: two of its labels have one name', (m) => m.gauge('orders', { help, labels: ['a', 'a'] })],
    [
      'metric placed: there is already a counter placed_total without labels',
      (m) => (m.counter('placed_total', { help }), m.gauge('placed', { help })),
    ],
    [
      'metric placed: there is already a gauge placed with the labels a, b',
      (m) => (m.gauge('placed', { help, labels: ['a', 'b'] }), m.gauge('placed', { help, labels: ['b', 'a'] })),
    ],
    [
      'metric placed: label kind has no value: pass one for each of kind',
      (m) => m.gauge('placed', { help, labels: ['kind'] }).labels({} as { kind: string }),
    ],
    [
      'the buckets of a histogram must be finite and ascending, got [2,1]',
      (m) => m.histogram('placed', { help, buckets: [2, 1] }),
    ],
    ['a counter grows by a finite number of at least 0, got -1', (m) => m.counter('placed_total', { help }).inc(-1)],
    ['a histogram counts numbers, got NaN', (m) => m.histogram('placed', { help }).observe(NaN)],
  ])('that is wrong says so in one line: %s', (message, make) => {
    expect(() => make(new Metrics())).toThrow(message)
  })

  it('counts combinations of label values above 2,000 together, and reports that once', () => {
    const overflown: string[] = []
    const metrics = new Metrics({ onOverflow: (name) => void overflown.push(name) })
    const placed = metrics.counter('orders_placed_total', { help, labels: ['customer'] })
    for (let customer = 0; customer < 2500; customer++) placed.labels({ customer }).inc()
    const { samples } = parse(metrics.text().body)
    expect(samples.length).toBe(2001)
    expect(samples.at(-1)).toEqual({ name: 'orders_placed_total', labels: { customer: '(other)' }, value: 500 })
    expect(overflown).toEqual(['orders_placed_total'])
  })
})

it('types labels by their names', () => {
  const placed = new Metrics().counter('orders_placed_total', { help, labels: ['kind'] })
  // @ts-expect-error no such label
  expect(() => placed.labels({ sort: 'gift' })).toThrow('label kind has no value')
  // @ts-expect-error a metric with labels counts nothing itself
  expect(placed.inc).toBeUndefined()
})
