/** Two traces side by side. */
import { describe, expect, it, onTestFinished } from 'vitest'
import { zipkinSpans } from '../../src/dashboard/ingest/zipkin.ts'
import { comparisonOf } from '../../src/dashboard/model/comparison.ts'
import { chromiumBinary, looks, openPage, type PageOptions } from './browser.ts'
import { open, spanId, zipkin } from './open.ts'

const statement = 'SELECT id FROM products WHERE id = $1'

interface RequestOptions {
  readonly statements: number
  readonly statementMs: number
  readonly cache?: boolean
  readonly mail?: boolean
  readonly name?: string
}

/** The spans of a request that reads products one after the other, asks a cache or sends mail. */
function request({ statements, statementMs, cache, mail, name = 'placeOrder' }: RequestOptions) {
  const traceId = spanId().padStart(32, 'd')
  const id = spanId()
  const atMs = Date.now()
  const child = (more: object) => zipkin({ traceId, parentId: id, service: 'order-service', kind: 'CLIENT', ...more })
  const spans = [
    zipkin({
      traceId,
      id,
      service: 'order-service',
      name,
      atMs,
      ms: 20 + statements * statementMs,
      tags: { 'http.request.method': 'POST', 'http.response.status_code': '200' },
    }),
    ...Array.from({ length: statements }, (_, i) =>
      child({
        name: 'SELECT products',
        atMs: atMs + i * statementMs,
        ms: statementMs,
        tags: { 'db.query.text': statement },
      }),
    ),
    ...(cache ? [child({ name: 'cache.get', atMs, ms: 4 })] : []),
    ...(mail ? [child({ name: 'mail-service.send', atMs, ms: 6 })] : []),
  ]
  return { traceId, spans }
}

describe('a comparison', () => {
  const rowsOf = (one: RequestOptions, other: RequestOptions) =>
    comparisonOf(zipkinSpans(request(one).spans), zipkinSpans(request(other).spans)).rows.map((row) => [
      row.name,
      row.depth,
      row.difference,
      row.before?.count,
      row.after?.count,
      Math.round(row.selfDeltaMs),
    ])

  it('marks what is slower, faster, new and missing, and joins a loop into one row', () => {
    expect(
      rowsOf({ statements: 2, statementMs: 10, cache: true }, { statements: 8, statementMs: 10, mail: true }),
    ).toEqual([
      ['placeOrder', 0, 'slower', 1, 1, 0],
      ['SELECT products', 1, 'slower', 2, 8, 60],
      ['cache.get', 1, 'missing', 1, undefined, -4],
      ['mail-service.send', 1, 'new', undefined, 1, 6],
    ])
    expect(rowsOf({ statements: 8, statementMs: 10 }, { statements: 2, statementMs: 10 })[1]).toMatchObject([
      'SELECT products',
      1,
      'faster',
      8,
      2,
      -60,
    ])
  })

  it('calls noise the same', () => {
    expect(
      rowsOf({ statements: 2, statementMs: 10 }, { statements: 2, statementMs: 10.4 }).map((row) => row[2]),
    ).toEqual(['same', 'same'])
  })

  it('tells two statements of one name apart, and the time of a span from that of its children', () => {
    const traceId = spanId().padStart(32, 'd')
    const id = spanId()
    const of = (text: string, atMs: number, ms: number) =>
      zipkin({
        traceId,
        parentId: id,
        service: 'a',
        name: 'SELECT t',
        kind: 'CLIENT',
        atMs,
        ms,
        tags: { 'db.query.text': text },
      })
    const parent = zipkin({ traceId, id, service: 'a', name: 'get', atMs: 1000, ms: 100 })
    // These two ran at the same time: together they cover 60 ms of their parent.
    const spans = zipkinSpans([parent, of('SELECT 1', 1010, 50), of('SELECT 2', 1020, 50)])
    const { rows } = comparisonOf(spans, spans)
    expect(rows.map(({ statement: text, before }) => [text, before!.selfMs])).toEqual([
      [undefined, 40],
      ['SELECT 1', 50],
      ['SELECT 2', 50],
    ])
  })
})

describe.skipIf(!chromiumBinary)('in Chromium', { timeout: 60_000 }, () => {
  async function shown(options: PageOptions = {}) {
    const dashboard = await open()
    const fast = request({ statements: 2, statementMs: 10, cache: true })
    const slow = request({ statements: 8, statementMs: 30, mail: true })
    const other = request({ statements: 1, statementMs: 1, name: 'listOrders' })
    for (const { spans } of [fast, slow, other]) dashboard.addZipkin(spans)
    const window = await openPage(`${dashboard.url}#/traces/${fast.traceId}`, options)
    onTestFinished(() => window.close())
    return { dashboard, fast, slow, ...window }
  }

  const expectDifferences = async (page: Awaited<ReturnType<typeof shown>>['page']) => {
    await page.getByText('B took 220 ms longer.').waitFor()
    const rows = page.getByRole('treegrid').getByRole('row')
    expect(await rows.filter({ hasText: 'SELECT products' }).textContent()).toMatch(/× 2.*× 8.*slower\s*\+220 ms/s)
    expect(await rows.filter({ hasText: 'cache.get' }).textContent()).toMatch(/missing/)
    expect(await rows.filter({ hasText: 'mail-service.send' }).textContent()).toMatch(/new/)
    return rows
  }

  it('is reached from a trace by clicks, and by its address', async () => {
    const { page, complaints, checkAccess, fast, slow } = await shown()
    await page.getByRole('link', { name: 'Compare…' }).click()
    await page.getByText('Choose the trace to compare with').waitFor()
    await expect.poll(() => page.getByRole('row').count()).toBe(3) // those of the same operation
    await page.getByRole('row').filter({ hasText: '260 ms' }).click()
    const rows = await expectDifferences(page)
    expect(page.url()).toContain(`#/compare/${fast.traceId}/${slow.traceId}`)
    await page.reload()
    await expectDifferences(page)
    await page.getByRole('link', { name: 'Swap A and B' }).click()
    await page.getByText('B took 220 ms less.').waitFor()
    await checkAccess()
    await rows.filter({ hasText: 'SELECT products' }).getByText('faster').waitFor()
    expect(complaints).toEqual([])
  })

  it('is reached from the list by the keyboard', async () => {
    const { page, complaints, dashboard } = await shown()
    await page.goto(`${dashboard.origin}/#/traces?q=${encodeURIComponent('<100ms placeOrder')}`)
    const rows = page.getByRole('row')
    await expect.poll(() => rows.count()).toBe(2)
    await rows.getByRole('link').focus()
    await page.keyboard.press('c')
    await page.getByText('Choose the trace to compare with').waitFor()
    await page.keyboard.press('/')
    await page.keyboard.press('Control+A')
    await page.keyboard.type('>100ms')
    await expect.poll(() => rows.filter({ hasText: '260 ms' }).count()).toBe(1)
    await page.keyboard.press('Tab')
    await rows.getByRole('link').first().focus()
    await page.keyboard.press('Enter')
    await expectDifferences(page)
    await page.getByLabel('Only differences').focus()
    await page.keyboard.press('Space')
    const operations = page.getByRole('treegrid').getByRole('row')
    await operations.nth(1).focus()
    await page.keyboard.press('ArrowDown')
    await expect.poll(() => page.evaluate('document.activeElement.dataset.index')).toBe('1')
    expect(complaints).toEqual([])
  })

  it.each(looks)('fits at $width pixels, $colorScheme', async (options) => {
    const { page, complaints, checkAccess, dashboard, fast, slow } = await shown(options)
    await page.goto(`${dashboard.origin}/#/compare/${fast.traceId}/${slow.traceId}`)
    await page.getByText('B took 220 ms longer.').waitFor()
    await checkAccess()
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0)
    const folder = process.env['TRICUBE_TEST_SCREENSHOTS']
    if (folder) await page.screenshot({ path: `${folder}/compare-${options.width}-${options.colorScheme}.png` })
    await page.goto(`${dashboard.origin}/#/compare/${fast.traceId}/${'0'.repeat(32)}`)
    await page.getByText('One of these traces is not here').waitFor()
    expect(complaints.filter((complaint) => !complaint.includes('404'))).toEqual([])
  })
})
