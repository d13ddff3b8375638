/** What the page makes of spans and searches, without a browser. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LogLine } from '../../src/dashboard/model/logLine.ts'
import { logMatcher } from '../../src/dashboard/model/logQuery.ts'
import { repeatsOf } from '../../src/dashboard/model/repeats.ts'
import type { StoredSpan } from '../../src/dashboard/model/span.ts'
import { summaryOf } from '../../src/dashboard/model/summary.ts'
import { matchesTrace, parseTraceQuery } from '../../src/dashboard/model/traceQuery.ts'
import { criticalPathOf, waterfallOf } from '../../src/dashboard/model/waterfall.ts'

const span = (
  id: string,
  parentId: string | undefined,
  startMs: number,
  durationMs: number,
  more: Partial<StoredSpan> = {},
): StoredSpan => ({
  traceId: 'a'.repeat(32),
  id,
  ...(parentId !== undefined && { parentId }),
  service: 'users',
  name: id,
  kind: 'internal',
  startMs,
  durationMs,
  attributes: {},
  events: [],
  links: [],
  ...more,
})
const statement = (id: string, parentId: string, text: string): StoredSpan =>
  span(id, parentId, 0, 1, { attributes: { 'db.query.text': text } })

describe('the waterfall', () => {
  const drawn = (spans: StoredSpan[]) =>
    waterfallOf(spans).rows.map(({ span, depth, startMs, isOrphan }) => [span.id, depth, startMs, isOrphan])

  it('puts parents before their children, in the order of time, from any order of arrival', () => {
    const spans = [span('c', 'a', 5, 2), span('a', undefined, 0, 10), span('d', 'b', 2, 1), span('b', 'a', 1, 3)]
    expect(drawn(spans)).toEqual([
      ['a', 0, 0, false],
      ['b', 1, 1, false],
      ['d', 2, 2, false],
      ['c', 1, 5, false],
    ])
  })

  it('shows spans whose parent is missing, and survives circles and twins', () => {
    expect(drawn([span('b', 'gone', 3, 1), span('a', undefined, 0, 10)])).toEqual([
      ['a', 0, 0, false],
      ['b', 0, 3, true],
    ])
    expect(drawn([span('a', 'a', 0, 1)])).toEqual([['a', 0, 0, true]])
    expect(drawn([span('a', 'b', 0, 1), span('b', 'a', 0, 1), span('r', undefined, 0, 2)])).toEqual([
      ['r', 0, 0, false],
    ])
  })

  it('moves a span of another clock into its parent, with everything below it', () => {
    const other = { service: 'roles' }
    const rows = waterfallOf([
      span('call', undefined, 1000, 20),
      span('request', 'call', 6000, 10, other),
      span('query', 'request', 6002, 3, other),
    ]).rows
    expect(rows.map(({ startMs, skewMs }) => [startMs, skewMs])).toEqual([
      [0, 0],
      [5, -4995],
      [7, -4995],
    ])
  })

  it('leaves work alone that outlives its parent in the same service, or by the resolution of a clock', () => {
    const rows = waterfallOf([
      span('a', undefined, 0, 10),
      span('background', 'a', 5, 8),
      span('remote', 'a', 1, 9.5, { service: 'roles' }),
    ]).rows
    expect(rows.map(({ skewMs }) => skewMs)).toEqual([0, 0, 0])
  })

  it('has each span once and none before the start, whatever the spans', () => {
    const anySpan = fc.record({
      id: fc.integer({ min: 0, max: 20 }),
      parent: fc.option(fc.integer({ min: 0, max: 20 })),
      at: fc.integer({ min: 0, max: 100 }),
      ms: fc.integer({ min: 0, max: 100 }),
      service: fc.constantFrom('users', 'roles'),
    })
    fc.assert(
      fc.property(fc.uniqueArray(anySpan, { selector: ({ id }) => id, minLength: 1, maxLength: 20 }), (many) => {
        const spans = many.map(({ id, parent, at, ms, service }) =>
          span(String(id), parent === null || parent >= id ? undefined : String(parent), at, ms, { service }),
        )
        const waterfall = waterfallOf(spans)
        expect(waterfall.rows.map(({ span }) => span.id).toSorted()).toEqual(spans.map(({ id }) => id).toSorted())
        expect(Math.min(...waterfall.rows.map(({ startMs }) => startMs))).toBe(0)
        const parts = criticalPathOf(waterfall)
        for (const { fromMs, toMs } of parts) expect(toMs).toBeGreaterThan(fromMs)
        const [root] = waterfall.rows
        const total = parts.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)
        expect(total).toBeCloseTo(root!.span.durationMs, 6)
      }),
    )
  })
})

describe('the critical path', () => {
  const path = (spans: StoredSpan[]) =>
    criticalPathOf(waterfallOf(spans))
      .toSorted((a, b) => a.fromMs - b.fromMs)
      .map(({ id, fromMs, toMs }) => `${id} ${fromMs}-${toMs}`)

  it('follows the last child that ended, from the end backwards', () => {
    expect(path([span('a', undefined, 0, 10), span('b', 'a', 1, 4), span('c', 'a', 2, 7)])).toEqual([
      'a 0-2',
      'c 2-9',
      'a 9-10',
    ])
    expect(path([span('a', undefined, 0, 10), span('b', 'a', 1, 3), span('c', 'a', 5, 4)])).toEqual([
      'a 0-1',
      'b 1-4',
      'a 4-5',
      'c 5-9',
      'a 9-10',
    ])
  })

  it('goes down into children of children, and ignores what outlives the parent', () => {
    expect(path([span('a', undefined, 0, 10), span('b', 'a', 0, 10), span('c', 'b', 4, 2)])).toEqual([
      'b 0-4',
      'c 4-6',
      'b 6-10',
    ])
    expect(path([span('a', undefined, 0, 10), span('b', 'a', 2, 100)])).toEqual(['a 0-2', 'b 2-10'])
  })
})

describe('repeated statements', () => {
  const ran = (times: number, textOf: (i: number) => string, parent: (i: number) => string = () => 'p') =>
    repeatsOf(Array.from({ length: times }, (_, i) => statement(`s${i}`, parent(i), textOf(i))))

  it('are five or more under one parent', () => {
    expect(ran(5, () => 'SELECT 1')).toMatchObject([{ parentId: 'p', count: 5, totalMs: 5 }])
    expect(ran(4, () => 'SELECT 1')).toEqual([])
    expect(
      ran(
        8,
        () => 'SELECT 1',
        (i) => `p${i % 2}`,
      ),
    ).toEqual([])
  })

  it('are the same with other literals, lists and white space', () => {
    expect(ran(5, (i) => `SELECT * FROM users\n  WHERE id = ${i}`)[0]!.count).toBe(5)
    expect(ran(5, (i) => `SELECT * FROM users WHERE name = 'it''s ${i}'`)[0]!.count).toBe(5)
    expect(
      ran(
        5,
        (i) =>
          `SELECT * FROM users WHERE id IN (${Array(i + 1)
            .fill('?')
            .join(', ')})`,
      )[0]!.count,
    ).toBe(5)
    expect(ran(6, (i) => (i % 2 ? 'SELECT * FROM a' : 'SELECT * FROM b'))).toEqual([])
  })
})

describe('a search of traces', () => {
  const spans = [
    span('getOrder', undefined, 0, 120, {
      service: 'Orders',
      error: 'Timeout',
      attributes: { 'http.response.status_code': '503', 'url.path': '/orders/7' },
    }),
    ...Array.from({ length: 5 }, (_, i) => statement(`q${i}`, 'getOrder', 'SELECT * FROM order_lines')),
  ]
  const trace = { summary: summaryOf('a'.repeat(32), 1, spans), spans }
  const finds = (text: string): boolean => matchesTrace(parseTraceQuery(text), trace)

  it.each([
    '',
    'service:orders',
    'service:USERS',
    'operation:getorder',
    'status:503',
    'status:5xx',
    'is:error',
    'is:repeating',
    '>100ms',
    '>0.1s',
    '<1s',
    '>119000us',
    'timeout',
    'ORDER_LINES',
    '"from order_lines"',
    'url.path=/orders',
    'http.response.status_code=503 timeout',
    'a'.repeat(32),
  ])('finds it by %j', (text) => expect(finds(text)).toBe(true))

  it.each([
    'service:order',
    'operation:get',
    'status:200',
    'status:4xx',
    '>121ms',
    '<100ms',
    'refund',
    'url.path=/users',
    'timeout refund',
    '"lines order"',
    'status:.*',
  ])('does not find it by %j', (text) => expect(finds(text)).toBe(false))

  it('finds it by time: ago, of today, or a date', () => {
    const nowMs = new Date(2026, 10, 27, 15, 0).getTime()
    const root = [span('a', undefined, nowMs - 600_000, 1)] // at 14:50
    const of = { summary: summaryOf('1', 1, root), spans: root }
    const isFound = (text: string): boolean => matchesTrace(parseTraceQuery(text, { nowMs }), of)
    const found = [
      'since:11m',
      'since:1h',
      'after:14:49',
      'before:14:51',
      'after:9:05 before:14:50:01',
      'after:2026-11-27T14:00',
    ]
    const missed = ['since:9m', 'after:14:51', 'before:14:49', 'before:2026-11-26', 'after:noon']
    expect(found.filter((text) => !isFound(text))).toEqual([])
    expect(missed.filter(isFound)).toEqual([])
  })

  it('takes any text', () => {
    fc.assert(fc.property(fc.string(), (text) => void finds(text)))
  })

  it('hides probes unless it is told otherwise', () => {
    const probe = [span('ready', undefined, 0, 1, { attributes: { 'url.path': '/health/ready' } })]
    const of = { summary: summaryOf('1', 1, probe), spans: probe }
    expect(matchesTrace(parseTraceQuery(''), of)).toBe(false)
    expect(matchesTrace(parseTraceQuery('', { showsProbes: true }), of)).toBe(true)
  })
})

describe('a search of lines', () => {
  const line: LogLine = {
    seq: 1,
    atMs: 0,
    level: 'warn',
    service: 'users',
    message: 'lost (again)',
    traceId: 't1',
    raw: '{"level":"warn","status":500,"name":"Ann","msg":"lost (again)"}',
  }
  const finds = (query: Parameters<typeof logMatcher>[0]): boolean => logMatcher(query)(line)

  it('looks at level, service, trace, words and fields', () => {
    expect(
      finds({ level: 'warn', service: 'users', traceId: 't1', text: 'LOST status=500 name=ann "lost (again)"' }),
    ).toBe(true)
    for (const query of [
      { level: 'error' },
      { service: 'roles' },
      { traceId: 't2' },
      { text: 'found' },
      { text: 'status=404' },
      { text: 'lost.again' },
    ] as const) {
      expect(finds(query)).toBe(false)
    }
  })

  it('takes any text as text, not as a pattern', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }).filter((text) => !/["\s=]/.test(text)),
        (text) => {
          expect(logMatcher({ text })({ ...line, raw: `before ${text} after` })).toBe(true)
        },
      ),
    )
  })
})
