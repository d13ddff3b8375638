/** The page as its user sees it, in a real browser. Each view's main task by mouse and by keyboard. */
import { gzipSync } from 'node:zlib'
import { readFileSync } from 'node:fs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { built } from '../built.ts'
import { chromiumBinary, looks, openPage, type PageOptions } from './browser.ts'
import { accessLine, open, spanId, steerable, zipkin, type OpenDashboard } from './open.ts'

/** A slow request with a loop around a query, a retried call, an error and log lines. */
function addSlowRequest(dashboard: OpenDashboard, { name = 'placeOrder', atMs = Date.now() - 5000 } = {}): string {
  const traceId = spanId().padStart(32, 'f')
  const [request, call, remote] = [spanId(), spanId(), spanId()]
  const statement = (i: number) =>
    zipkin({
      traceId,
      parentId: request,
      service: 'order-service',
      name: 'SELECT products',
      kind: 'CLIENT',
      atMs: atMs + 10 + i * 14,
      ms: 12,
      tags: { 'db.query.text': 'SELECT id, price FROM products WHERE id = $1', 'db.response.returned_rows': '1' },
    })
  dashboard.addZipkin([
    zipkin({
      traceId,
      id: request,
      service: 'order-service',
      name,
      atMs,
      ms: 240,
      tags: {
        'http.request.method': 'POST',
        'url.path': '/orders',
        'http.response.status_code': '503',
        'error.type': '503',
      },
    }),
    ...Array.from({ length: 8 }, (_, i) => statement(i)),
    zipkin({
      traceId,
      id: call,
      parentId: request,
      service: 'order-service',
      name: 'stock-service.reserve',
      kind: 'CLIENT',
      atMs: atMs + 130,
      ms: 100,
      tags: { 'tricube.connection': 'lane', 'http.response.status_code': '503', 'error.type': '503' },
      annotations: [
        { timestamp: Math.round((atMs + 180) * 1000), value: 'retry: {"http.request.resend_count":1,"reason":"503"}' },
      ],
    }),
    zipkin({
      traceId,
      id: remote,
      parentId: call,
      service: 'stock-service',
      name: 'reserve',
      atMs: atMs + 182,
      ms: 40,
      tags: { 'error.type': 'DeadlineExceeded' },
    }),
  ])
  dashboard.addLine(
    'order-service',
    JSON.stringify({
      level: 'warn',
      time: new Date(atMs + 200).toISOString(),
      msg: 'stock is slow',
      trace_id: traceId,
      span_id: request,
    }),
  )
  return traceId
}

function addTraffic(dashboard: OpenDashboard): void {
  for (let i = 0; i < 40; i++) {
    const atMs = Date.now() - i * 4000
    dashboard.addZipkin([
      zipkin({
        name: 'getUser',
        atMs,
        ms: 3 + (i % 7) * 2,
        tags: {
          'http.request.method': 'GET',
          'url.path': `/users/${i}`,
          'http.response.status_code': i % 11 === 0 ? '404' : '200',
        },
      }),
    ])
    dashboard.addLine(
      'user-service',
      accessLine({ time: new Date(atMs).toISOString(), path: `/users/${i}`, duration_ms: 3 + (i % 7) * 2 }),
    )
  }
}

const services = () => [
  steerable('user-service'),
  steerable('order-service'),
  steerable('stock-service', {
    status: 'failed',
    reason: 'exited with code 1',
    lastLines: ['Error: connect ECONNREFUSED', '    at stock.ts:7'],
  }),
]

async function opened(options: PageOptions = {}, view = '') {
  const all = services()
  const dashboard = await open({ services: () => all })
  const window = await openPage(`${dashboard.url}${view}`, options)
  onTestFinished(() => window.close())
  return { dashboard, services: all, ...window }
}

it('is small enough to load at once', () => {
  const files = ['index.html', 'main.js', 'main.css', 'icon.svg'].map((name) =>
    readFileSync(built(`dashboard/page/${name}`)),
  )
  expect(gzipSync(Buffer.concat(files)).length).toBeLessThan(150 * 1024)
})

describe.skipIf(!chromiumBinary)('in Chromium', { timeout: 120_000 }, () => {
  it('opens by the URL with the token, which does not stay in the address', async () => {
    const { page, complaints, dashboard } = await opened()
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    expect(page.url()).toBe(`${dashboard.origin}/`)
    await page.reload()
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    expect(complaints).toEqual([])
  })

  it('says what to do without the token', async () => {
    const dashboard = await open()
    const { page, close } = await openPage(dashboard.origin)
    onTestFinished(close)
    await page.getByText('Open the URL that tricube has printed').waitFor()
  })

  it('shows the services, and stops and starts one by the keyboard', async () => {
    const { page, complaints, dashboard } = await opened()
    const row = page.getByRole('row').filter({ hasText: 'user-service' })
    await row.getByText('ready').waitFor()
    await page.getByText('exited with code 1').waitFor()
    await page.getByText('Error: connect ECONNREFUSED').waitFor()
    await row.getByRole('button', { name: 'Stop user-service' }).focus()
    await page.keyboard.press('Enter')
    await row.getByText('stopped').waitFor()
    await row.getByRole('button', { name: 'Start user-service' }).click()
    await row.getByText('ready').waitFor()
    for (let i = 0; i < 30; i++)
      dashboard.addLine('user-service', accessLine({ status: i < 3 ? 500 : 200, duration_ms: 8 }))
    await row.getByText(/^[1-9][\d.]*\/s$/).waitFor()
    dashboard.addMessage('warn', 'alpha.ts changed: restarting')
    await page.getByText('alpha.ts changed: restarting').waitFor()
    await row.getByRole('link', { name: '10 %' }).click()
    await expect.poll(() => page.getByRole('row').count()).toBe(3) // the requests that failed
    dashboard.addMessage('warn', 'beta.ts changed: restarting') // while another view is open
    await page.goBack()
    await page.getByText('beta.ts changed: restarting').waitFor()
    await page.getByText('alpha.ts changed: restarting').waitFor()
    await page.getByRole('row').filter({ hasText: 'stock-service' }).getByRole('link', { name: 'logs' }).click()
    await page.getByText('No line matches').waitFor()
    expect(complaints).toEqual([])
  })

  it('says why a request may have no trace', async () => {
    const { page, dashboard } = await opened({}, '#/traces?q=service:nobody')
    await page.getByText('OTEL_TRACES_SAMPLER=always_on').waitFor()
    await page.goto(`${dashboard.origin}/#/traces/${'f'.repeat(32)}`)
    await page.getByText('it was not recorded').waitFor()
    await page.getByText('OTEL_TRACES_SAMPLER=always_on').waitFor()
  })

  it.each([390, 320])('leads to every view at %d pixels, without scrolling', async (width) => {
    const { page } = await opened({ width, height: 844 })
    const links = page.getByRole('navigation', { name: 'Views' }).getByRole('link')
    await links.first().waitFor()
    const boxes = await Promise.all((await links.all()).map((link) => link.boundingBox()))
    expect(boxes).toHaveLength(8)
    for (const box of boxes) {
      expect(box!.x).toBeGreaterThanOrEqual(0)
      expect(box!.x + box!.width).toBeLessThanOrEqual(width)
    }
    await links.last().click()
    await page.getByRole('heading', { name: 'user-service' }).waitFor()
  })

  it('finds a slow request, and why it was slow, by clicks', async () => {
    const { page, complaints, dashboard } = await opened({}, '#/traces')
    addTraffic(dashboard)
    const id = addSlowRequest(dashboard)
    const row = page.getByRole('row').filter({ hasText: 'placeOrder' })
    await row.waitFor() // it came by the stream
    expect(await row.textContent()).toMatch(/503.*240 ms.*11.*8 ↻ repeated/s)
    await page.getByRole('searchbox', { name: 'Search traces' }).fill('>100ms')
    await expect.poll(() => page.getByRole('row').count()).toBe(2)
    expect(page.url()).toContain('q=%3E100ms')
    await row.getByRole('link').click()
    await page.getByText('8 times').waitFor()
    expect(page.url()).toContain(id)
    await page.getByText('1 row', { exact: false }).first().waitFor()
    await page.getByText('retried').waitFor()
    await page.getByText('stock is slow').waitFor()
    await page.getByRole('row').filter({ hasText: 'SELECT products' }).first().click()
    await page.getByText('SELECT id, price FROM products WHERE id = $1').last().waitFor()
    expect(page.url()).toMatch(/span=[\da-f]{16}/)
    await page.getByRole('searchbox', { name: 'Find in this trace' }).fill('reserve')
    await page.getByText('2 matches').waitFor()
    await page.reload()
    await page.getByText('2 matches').waitFor()
    await page.getByRole('link', { name: '← Traces' }).click()
    await expect.poll(() => page.getByRole('row').count()).toBe(2)
    expect(await page.getByRole('searchbox').inputValue()).toBe('>100ms')
    expect(complaints).toEqual([])
  })

  it('does the same by the keyboard alone', async () => {
    const { page, complaints, dashboard } = await opened()
    addTraffic(dashboard)
    addSlowRequest(dashboard)
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    await page.keyboard.press('g')
    await page.keyboard.press('t')
    await page.getByRole('row').filter({ hasText: 'placeOrder' }).waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('is:repeating')
    await expect.poll(() => page.getByRole('row').count()).toBe(2)
    await page.getByRole('row').getByRole('link').focus()
    await page.keyboard.press('Enter')
    const spans = page.getByRole('treegrid').getByRole('row')
    await spans.filter({ hasText: 'placeOrder' }).waitFor()
    await spans.filter({ hasText: 'placeOrder' }).focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.getByRole('complementary', { name: 'Span' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('complementary', { name: 'Trace' }).waitFor()
    await spans.first().waitFor()
    const all = await spans.count()
    await spans.filter({ hasText: 'placeOrder' }).focus()
    await page.keyboard.press('ArrowLeft')
    await expect.poll(() => spans.count()).toBe(2)
    await page.keyboard.press('ArrowRight')
    await expect.poll(() => spans.count()).toBe(all)
    await page.keyboard.press('Escape')
    await page.getByRole('searchbox', { name: 'Search traces' }).waitFor()
    expect(complaints).toEqual([])
  })

  it('adds spans that come late, pauses, goes live and clears', async () => {
    const { page, complaints, dashboard } = await opened({}, '#/traces')
    const traceId = addSlowRequest(dashboard)
    const rows = page.getByRole('row').filter({ hasNotText: 'Duration' })
    await expect.poll(() => rows.count()).toBe(1)
    await page.getByRole('button', { name: 'Pause' }).click()
    addTraffic(dashboard)
    await page.getByRole('button', { name: 'Go live' }).click()
    await expect.poll(() => rows.count()).toBeGreaterThan(10)
    await page.goto(`${dashboard.origin}/#/traces/${traceId}`)
    await page.getByText('11 spans').waitFor()
    dashboard.addZipkin([zipkin({ traceId, name: 'late work', service: 'mail-service' })])
    await page.getByText('12 spans').waitFor()
    await page.getByText('late work').waitFor()
    await page.goto(`${dashboard.origin}/#/traces`)
    await page.getByRole('button', { name: 'Clear' }).click()
    await page.getByText('No traces yet').waitFor()
    expect(complaints).toEqual([])
  })

  it('follows the log, filters it, and leads from a line to its trace', async () => {
    const { page, complaints, dashboard } = await opened({}, '#/logs')
    await page.getByText('No lines yet').waitFor()
    for (let i = 0; i < 300; i++) dashboard.addLine('user-service', accessLine({ path: `/users/${i}` }))
    addSlowRequest(dashboard)
    await page.getByText('stock is slow').waitFor() // the end is in sight
    await page.getByLabel('Lowest level').selectOption('warn')
    await expect.poll(() => page.getByRole('row').count()).toBe(1)
    await page.getByRole('button', { name: 'stock is slow' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('link', { name: 'Show its trace' }).click()
    await page.getByRole('heading', { name: 'placeOrder' }).first().waitFor()
    await page.goBack()
    await expect.poll(() => page.getByRole('row').count()).toBe(1)
    await page.getByLabel('Lowest level').selectOption('')
    await page.getByRole('searchbox').fill('path=/users/77')
    await expect.poll(() => page.getByRole('row').count()).toBe(1)
    expect(complaints).toEqual([])
  })

  it('stays at a line that was chosen while others come, and goes back to the end', async () => {
    const { page, complaints, dashboard } = await opened({}, '#/logs')
    for (let i = 0; i < 300; i++) dashboard.addLine('user-service', `line ${i}.`)
    const last = page.getByRole('button', { name: 'line 299.' })
    await last.focus()
    await page.keyboard.press('Enter')
    await page.getByRole('complementary', { name: 'Log line' }).waitFor()
    for (let i = 300; i < 400; i++) dashboard.addLine('user-service', `line ${i}.`)
    const toEnd = page.getByRole('button', { name: '100 new lines' })
    await toEnd.waitFor()
    expect(await last.isVisible()).toBe(true)
    await page.keyboard.press('ArrowUp')
    await expect.poll(() => page.evaluate(`document.activeElement.textContent`)).toBe('line 298.')
    await toEnd.click()
    await page.getByRole('button', { name: 'line 399.' }).waitFor()
    await toEnd.waitFor({ state: 'detached' })
    dashboard.addLine('user-service', 'line 400.')
    await page.getByRole('button', { name: 'line 400.' }).waitFor()
    expect(complaints).toEqual([])
  })

  it('shows hostile names and values as text', async () => {
    const { page, complaints, dashboard } = await opened({}, '#/logs')
    const markup = `<img src=x onerror="document.title='hacked'"><script>document.title='hacked'</script>`
    const traceId = spanId().padStart(32, 'e')
    const parentId = spanId()
    dashboard.addZipkin([
      zipkin({
        traceId,
        id: parentId,
        service: markup,
        name: `${markup}\u202egnp.exe`,
        tags: { [markup]: markup, 'url.path': `/${markup}` },
      }),
      zipkin({
        traceId,
        parentId,
        name: '\u001b[2J\u001b]0;title\u0007',
        tags: { big: 'x'.repeat(1024 * 1024), rtl: '\u202e\u2066مرحبا' },
      }),
    ])
    dashboard.addLine(markup, `\u001b[31m${markup}\u001b[2J\u202e`)
    dashboard.addLine(
      'user-service',
      JSON.stringify({ level: 'error', msg: `${markup}\nforged line`, trace_id: traceId, [markup]: markup }),
    )
    dashboard.addMessage('warn', markup)
    await expect.poll(() => page.getByRole('row').count()).toBe(2)
    await page.getByRole('row').last().click()
    for (const hash of [
      '#/overview',
      '#/traces',
      `#/traces/${traceId}`,
      `#/traces/${traceId}?span=${parentId}`,
      `#/logs?trace=${traceId}`,
      `#/traces?q=${encodeURIComponent('"<img src=x"')}`,
    ]) {
      await page.goto(`${dashboard.origin}/${hash}`)
      await expect.poll(() => page.locator('#main').textContent()).toContain('onerror=')
      expect(await page.locator('#main img, #main script').count()).toBe(0)
      expect(await page.locator('#main').textContent()).not.toMatch(/(?!\n)[\p{Cc}\p{Bidi_Control}]/u)
      expect(await page.title()).not.toContain('hacked')
    }
    expect(complaints).toEqual([])
  })

  it('keeps few elements in the page and answers at once with 5,000 traces and 50,000 lines', async () => {
    const { page, complaints, dashboard } = await opened({}, '#/logs')
    for (let i = 0; i < 50_000; i++) dashboard.addLine('user-service', accessLine({ path: `/users/${i}` }))
    for (let i = 0; i < 5000; i++) dashboard.addZipkin([zipkin({ name: `op${i}`, ms: i / 10 })])
    await page.reload()
    await page.getByRole('row').first().waitFor()
    expect(await page.locator('*').count()).toBeLessThan(1500)
    await page.getByRole('searchbox').fill('path=/users/40000')
    await expect.poll(() => page.getByRole('row').count()).toBe(1)
    await page.goto(`${dashboard.origin}/#/traces`)
    await page.getByText('op4999').waitFor()
    await page.evaluate(`document.querySelector('.list').scrollTop = 1e6`)
    await expect.poll(() => page.locator('[role=table]').getAttribute('aria-rowcount')).not.toBe('100')
    expect(await page.locator('*').count()).toBeLessThan(1500)
    await page.getByRole('searchbox').fill('op17 <2ms')
    await expect.poll(() => page.getByRole('row').count()).toBe(2)
    expect(complaints).toEqual([])
  })

  it.each(looks)('is accessible and fits at $width pixels, $colorScheme', async (options) => {
    const { page, complaints, dashboard, checkAccess } = await opened(options)
    addTraffic(dashboard)
    const id = addSlowRequest(dashboard)
    dashboard.addMessage('info', 'service.ts changed: restarting user-service')
    for (const [name, hash] of Object.entries({
      overview: '#/overview',
      traces: '#/traces',
      trace: `#/traces/${id}`,
      logs: '#/logs',
    })) {
      await page.goto(`${dashboard.origin}/${hash}`)
      await page.reload()
      await page
        .getByText(name === 'overview' ? 'changed: restarting' : name === 'logs' ? 'stock is slow' : 'placeOrder')
        .first()
        .waitFor()
      await checkAccess()
      const overflow = (await page.evaluate('document.documentElement.scrollWidth - innerWidth')) as number
      expect([name, overflow]).toEqual([name, 0])
      const folder = process.env['TRICUBE_TEST_SCREENSHOTS']
      if (folder) await page.screenshot({ path: `${folder}/${name}-${options.width}-${options.colorScheme}.png` })
    }
    expect(complaints).toEqual([])
  })
})
