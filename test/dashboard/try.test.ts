/** Requests sent from the page, and the map that they draw, with services that really run. */
import { contract, multipart, NotFound, openapiDocument, service, t, upload } from 'tricube'
import { jwt } from 'tricube/auth'
import { describe, expect, it, onTestFinished } from 'vitest'
import { otlpSpans, type OtlpTraces } from '../../src/dashboard/ingest/otlp.ts'
import { otlpOf } from '../../src/dashboard/model/exportOtlp.ts'
import { mapOf } from '../../src/dashboard/model/mapOf.ts'
import { around, placed, type MapEdge, type ServiceMap } from '../../src/dashboard/model/serviceMap.ts'
import type { StoredSpan } from '../../src/dashboard/model/span.ts'
import { devIssuer } from '../../src/devIssuer/devIssuer.ts'
import { freePort } from '../../src/postgres/free-port.ts'
import { authority } from '../http/certificates.ts'
import { chromiumBinary, looks, openPage } from './browser.ts'
import { open, spanId, steerable, zipkin, type OpenDashboard } from './open.ts'
import { zipkinSpans } from '../../src/dashboard/ingest/zipkin.ts'

const Order = t.Object({ id: t.Integer(), item: t.String(), note: t.Optional(t.String()) })
const orderService = contract('order-service', {
  getOrder: {
    route: 'GET /orders/:id',
    summary: 'Returns an order',
    params: { id: t.Integer() },
    query: { currency: t.Optional(t.Union([t.Literal('EUR'), t.Literal('CNY')])) },
    returns: Order,
    errors: [NotFound],
  },
  placeOrder: {
    route: 'POST /orders',
    body: t.Object({
      item: t.String({ minLength: 2 }),
      count: t.Integer({ minimum: 1 }),
      gift: t.Optional(t.Boolean()),
    }),
    returns: t.Unsafe<Record<string, unknown>>(t.Object({}, { additionalProperties: true })),
  },
  putPhoto: { route: 'PUT /photo', body: upload({ types: ['image/png'], maxBytes: 1000 }), returns: t.String() },
  report: {
    route: 'POST /report',
    body: multipart({ fields: { title: t.String() }, files: { picture: { types: ['image/*'], maxBytes: 1000 } } }),
    returns: t.String(),
  },
})

/** Starts the service, whose traces go to the dashboard. */
async function openShop(): Promise<OpenDashboard> {
  const url = { current: '' }
  const order = { ...steerable('order-service') }
  const dashboard = await open({
    services: () => [
      {
        ...order,
        openapi: JSON.stringify(openapiDocument(orderService)),
        state: { name: 'order-service', status: 'ready', url: url.current },
      },
    ],
  })
  const { otlpPath } = await dashboard.json('/api/state')
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `${dashboard.origin}/${otlpPath}`, OTEL_BSP_SCHEDULE_DELAY: '10' }
  for (const [name, value] of Object.entries(env)) {
    process.env[name] = value
    onTestFinished(() => void delete process.env[name])
  }
  const running = service(orderService, {
    port: 0,
    handlers: {
      getOrder({ params, query }) {
        if (params.id === 404) throw new NotFound(`order ${params.id}`)
        return { id: params.id, item: `book in ${query.currency ?? 'EUR'}` }
      },
      placeOrder: ({ body }) => ({ ...body, placed: true }),
      putPhoto: async ({ body }) => `${body.type} of ${(await body.bytes()).length} bytes`,
      report: ({ body: { title, picture } }) => `${title}: ${picture.name} of ${picture.bytes} bytes`,
    },
  })
  url.current = (await running.listen()).url
  onTestFinished(() => running.close())
  return dashboard
}

const post = (
  dashboard: OpenDashboard,
  body: unknown,
  headers: Record<string, string> = { 'x-tricube-dashboard': '1' },
) => dashboard.ask('/api/send', { method: 'POST', headers, body: JSON.stringify(body) })

it('sends requests to the services of dev alone, and joins each with its trace', async () => {
  const dashboard = await openShop()
  const sent = { service: 'order-service', method: 'GET', path: '/orders/7?currency=CNY', headers: {} }
  expect((await post(dashboard, sent, {})).status).toBe(403)
  expect((await post(dashboard, { ...sent, service: 'http://evil.example' })).status).toBe(404)
  for (const wrong of [
    { path: '//evil.example/', method: 'get' },
    { path: 'orders' },
    { method: 'GET / HTTP' },
    { body: 7 },
    { headers: 'x' },
  ]) {
    expect([wrong, (await post(dashboard, { ...sent, ...wrong })).status]).toEqual([wrong, 400])
  }
  const response = (await (await post(dashboard, sent)).json()) as any
  expect(response).toMatchObject({ status: 200, headers: { 'content-type': expect.stringContaining('json') } })
  expect(JSON.parse(response.body).data).toEqual({ id: 7, item: 'book in CNY' })
  await expect.poll(async () => (await dashboard.json(`/api/traces/${response.traceId}`)).spans).toHaveLength(2)
  const { spans } = await dashboard.json(`/api/traces/${response.traceId}`)
  expect(spans).toMatchObject([
    { service: 'dashboard', name: 'GET /orders/7', kind: 'client' },
    { service: 'order-service', name: 'getOrder', kind: 'server', parentId: spans[0].id },
  ])
  const failed = (await (await post(dashboard, { ...sent, path: '/orders/404' })).json()) as any
  expect(failed.status).toBe(404)
  expect((await dashboard.json('/api/services/order-service/openapi')).paths['/orders/{id}'].get.operationId).toBe(
    'getOrder',
  )
  expect((await dashboard.ask('/api/services/nobody/openapi')).status).toBe(404)
})

it('says why there is no response', async () => {
  const port = await freePort()
  const dashboard = await open({ services: () => [steerable('order-service', { url: `http://127.0.0.1:${port}` })] })
  const sent = { service: 'order-service', method: 'GET', path: '/', headers: {} }
  const { failure, traceId } = (await (await post(dashboard, sent)).json()) as any
  expect(failure).toContain('ECONNREFUSED')
  const { spans } = await dashboard.json(`/api/traces/${traceId}`)
  expect(spans[0].error).toContain('ECONNREFUSED')
})

describe('a service that asks its callers for certificates', () => {
  const pings = contract('ping-service', { ping: { route: 'GET /ping', returns: t.String() } })
  const ca = authority()

  /** Starts the service with a certificate of `signer`, though it accepts only callers with one of `ca`. */
  const openPings = async (signer = ca) => {
    const certificates = { ...signer.sign('ping-service', { hosts: ['ping-service'] }), ca: ca.cert }
    let isReady = false
    const app = service(pings, {
      port: 0,
      log: { level: 'silent' },
      tls: { ...certificates, requestCert: true },
      health: { checks: { printer: () => isReady } },
      handlers: { ping: () => 'pong' },
    })
    onTestFinished(() => app.close())
    const { url } = await app.listen()
    const own = steerable('ping-service', { url, certificates })
    const openapi = JSON.stringify(openapiDocument(pings))
    const dashboard = await open({ services: () => [{ ...own, state: own.state, openapi }] })
    return { dashboard, url, certificates, mend: () => void (isReady = true) }
  }
  const sent = { service: 'ping-service', method: 'GET', path: '/ping', headers: {} }

  it('gets requests with its own certificate', async () => {
    const { dashboard } = await openPings()
    const response = (await (await post(dashboard, sent)).json()) as any
    expect([response.failure, response.status, JSON.parse(response.body).data]).toEqual([undefined, 200, 'pong'])
  })

  it('says plainly that it does not accept its own certificate', async () => {
    const { dashboard, url } = await openPings(authority())
    const { failure } = (await (await post(dashboard, sent)).json()) as any
    expect(failure).toBe(
      `ping-service has a certificate that is not trusted. The dashboard called ${url} with its tls.cert, tls.key and tls.ca.`,
    )
  })

  it.runIf(chromiumBinary)('is on the page as any other', { timeout: 120_000 }, async () => {
    const { dashboard, certificates, mend } = await openPings()
    const { page, complaints, close } = await openPage(dashboard.url)
    onTestFinished(close)
    await page.getByText('unhealthy').waitFor()
    await page.getByText('not ready: printer is failing').waitFor()
    await page.getByRole('link', { name: 'See its warnings' }).waitFor()
    mend()
    await page.getByText('● ready').waitFor()
    await page.getByRole('link', { name: 'Contracts' }).click()
    await page.getByText('1 operation').waitFor()
    await page.getByRole('link', { name: 'Try it' }).first().click()
    await page.getByRole('link', { name: 'ping' }).click()
    await page.getByRole('button', { name: 'Send', exact: true }).click()
    await page.getByText('"pong"').waitFor()
    await page.getByText('As code').click()
    await page.getByText(`--cacert ${certificates.ca}`).waitFor()
    expect(complaints).toEqual([])
  })
})

describe('a request as a user', () => {
  const notes = contract(
    'note-service',
    { me: { route: 'GET /me', scopes: ['notes:read'], returns: t.String() } },
    { auth: 'user' },
  )
  const openNotes = async () => {
    const issuer = await devIssuer({ audience: () => ['note-service'] })
    onTestFinished(() => issuer.stop())
    const app = service(notes, {
      port: 0,
      log: { level: 'silent' },
      auth: { user: jwt({ issuer: issuer.url }) },
      handlers: { me: ({ user }) => user.id },
    })
    onTestFinished(() => app.close())
    const { url } = await app.listen()
    const own = steerable('note-service', { url })
    const openapi = JSON.stringify(openapiDocument(notes))
    return open({ services: () => [{ ...own, state: own.state, openapi }], tokenOf: (user) => issuer.token(user) })
  }
  const sent = { service: 'note-service', method: 'GET', path: '/me', headers: {} }

  it('carries a token of the issuer of dev', async () => {
    const dashboard = await openNotes()
    const me = async (as?: object) => {
      const { status, body } = (await (await post(dashboard, { ...sent, ...(as && { as }) })).json()) as any
      return [status, JSON.parse(body).data]
    }
    expect(await me({ user: 'ann', scopes: ['notes:read'] })).toEqual([200, 'ann'])
    expect((await me({ user: 'ann', scopes: [] }))[0]).toBe(403)
    expect((await me())[0]).toBe(401)
    for (const as of [{ user: '', scopes: [] }, { user: 'a' }, 'ann', null])
      expect((await post(dashboard, { ...sent, as })).status).toBe(400)
  })

  it('says that no issuer of dev runs', async () => {
    const dashboard = await open({ services: () => [steerable('note-service')] })
    const response = await post(dashboard, { ...sent, as: { user: 'ann', scopes: [] } })
    expect([response.status, JSON.stringify(await response.json())]).toEqual([
      404,
      expect.stringContaining('no issuer of tricube dev runs'),
    ])
  })

  it.runIf(chromiumBinary)(
    'is filled in on the page, with the scopes of the operation',
    { timeout: 120_000 },
    async () => {
      const dashboard = await openNotes()
      const { page, complaints, close } = await openPage(`${dashboard.url}#/try/note-service`)
      onTestFinished(close)
      await page.getByRole('button', { name: 'Send', exact: true }).click()
      await page.getByText('This operation asks for a user').waitFor()
      await page.getByLabel('Send as').fill('ann')
      expect(await page.getByLabel('Scopes').inputValue()).toBe('notes:read')
      await page.getByRole('button', { name: 'Send', exact: true }).click()
      await page.getByText('"ann"').first().waitFor()
      await page.getByText('As code').click()
      await page.getByText('npx tricube token --user ann --scopes notes:read').waitFor()
      expect(complaints).toEqual([])
    },
  )
})

describe('the map', () => {
  const edge = (from: string, to: string): MapEdge => ({
    from,
    to,
    kind: 'call',
    count: 1,
    errors: 0,
    p50Ms: 1,
    p99Ms: 1,
  })
  const node = (id: string) => ({ id, name: id, kind: 'service' as const })

  it('is made of calls, statements, events, and callers that name no peer', () => {
    const [one, other] = [spanId().padStart(32, '1'), spanId().padStart(32, '2')]
    const [root, call] = [spanId(), spanId()]
    const spans = zipkinSpans([
      zipkin({ traceId: one, id: root, service: 'orders' }),
      {
        ...zipkin({
          traceId: one,
          id: call,
          parentId: root,
          service: 'orders',
          kind: 'CLIENT',
          ms: 5,
          tags: { 'error.type': '503' },
        }),
        remoteEndpoint: { serviceName: 'stock' },
      },
      zipkin({ traceId: one, parentId: call, service: 'stock' }),
      zipkin({
        traceId: one,
        parentId: root,
        service: 'orders',
        kind: 'CLIENT',
        tags: { 'db.system.name': 'postgresql', 'db.namespace': 'orders', 'db.query.text': 'SELECT 1' },
      }),
      zipkin({ traceId: one, parentId: root, service: 'python', ms: 2 }),
    ]).toReversed() // a callee ends before its caller, and its spans arrive earlier
    const caused = zipkinSpans([zipkin({ traceId: other, service: 'mail', tags: { 'link.0': `${one}-${root}` } })])
    const declared = [
      { name: 'idle', calls: ['stock', 'bank'], publishers: ['orders'] },
      { name: 'orders', calls: ['stock'], publishers: [] },
    ]
    const { nodes, edges } = mapOf([spans, caused], declared)
    expect(nodes.map(({ id, kind }) => `${kind} ${id}`).toSorted()).toEqual([
      'database database orders',
      'other bank',
      'service idle',
      'service mail',
      'service orders',
      'service python',
      'service stock',
    ])
    expect(edges.map(({ from, to, kind, count, errors }) => [from, to, kind, count, errors])).toEqual([
      ['orders', 'python', 'call', 1, 0],
      ['orders', 'database orders', 'call', 1, 0],
      ['orders', 'stock', 'call', 1, 1],
      ['orders', 'mail', 'event', 1, 0],
      ['idle', 'stock', 'call', 0, 0],
      ['idle', 'bank', 'call', 0, 0],
      ['orders', 'idle', 'event', 0, 0],
    ])
  })

  it('has an event come from the service whose span caused it, by Zipkin and by OTLP, and none from one that is not there', () => {
    const [traceId, root, published] = [spanId().padStart(32, '3'), spanId(), spanId()]
    const spans = zipkinSpans([
      zipkin({ traceId, id: published, parentId: root, service: 'stock' }),
      zipkin({ traceId, id: root, service: 'orders', ms: 9 }),
    ])
    const causedBy = (service: string, link: string): StoredSpan[] =>
      zipkinSpans([zipkin({ traceId: spanId().padStart(32, '4'), service, tags: { 'link.0': link } })])
    const traces = [
      spans,
      causedBy('mail', `${traceId}-${published}`),
      causedBy('stock', `${traceId}-${published}`), // a job of its own
      causedBy('audit', traceId),
      causedBy('lost', `${traceId}-${spanId()}`),
      causedBy('hostile', '<b>-1'),
    ]
    const eventsIn = (all: readonly StoredSpan[][]): string[] =>
      mapOf(all, []).edges.flatMap(({ from, to, kind }) => (kind === 'event' ? [`${from} ${to}`] : []))
    expect(eventsIn(traces)).toEqual(['stock mail', 'orders audit'])
    const exported = traces.map((all) => otlpSpans(otlpOf(all) as OtlpTraces))
    expect(eventsIn(exported)).toEqual(eventsIn(traces))
  })

  it('puts callers left of what they call, also in circles', () => {
    const map: ServiceMap = {
      windowMs: 0,
      nodes: ['c', 'b', 'a', 'x', 'y'].map(node),
      edges: [edge('a', 'b'), edge('b', 'c'), edge('a', 'c'), edge('x', 'y'), edge('y', 'x')],
    }
    const columns = Object.fromEntries(placed(map).map(({ id, column }) => [id, column]))
    expect(columns).toMatchObject({ a: 0, b: 1, c: 2 })
    expect(Math.abs(columns['x']! - columns['y']!)).toBe(1)
    const cells = placed(map).map(({ column, row }) => `${column} ${row}`)
    expect(new Set(cells).size).toBe(cells.length)
  })

  it('places 50 services without two in one place, and shows those around one', () => {
    const names = Array.from({ length: 50 }, (_, i) => `s${i}`)
    const edges = names
      .slice(1)
      .flatMap((name, i) => [edge(`s${Math.floor(i / 3)}`, name), edge(`s${Math.floor(i / 5)}`, name)])
    const map = { windowMs: 0, nodes: names.map(node), edges }
    const cells = placed(map).map(({ column, row }) => `${column} ${row}`)
    expect(new Set(cells).size).toBe(50)
    expect(around(map, 's49', 1).nodes.map(({ id }) => id)).toEqual(['s9', 's16', 's49'])
    expect(around(map, 's49', 2).nodes.length).toBeGreaterThan(3)
  })
})

describe.skipIf(!chromiumBinary)('in Chromium', { timeout: 120_000 }, () => {
  it('fills a form made of the schema, and shows the response beside its trace', async () => {
    const dashboard = await openShop()
    const { page, complaints, checkAccess, close } = await openPage(`${dashboard.url}#/try`)
    onTestFinished(() => close())
    await page.getByRole('link', { name: 'getOrder' }).click()
    await page.getByText('Returns an order').waitFor()
    await page.getByLabel(/^id/).fill('7')
    await page.getByLabel(/^currency/).selectOption('CNY')
    await page.getByRole('button', { name: 'Send' }).focus()
    await page.keyboard.press('Enter')
    await page.getByText('"book in CNY"').waitFor()
    await page.getByRole('treegrid').getByText('getOrder').waitFor()
    await page.getByText('As code').click()
    expect(await page.getByText(/^curl '/).textContent()).toMatch(/\/orders\/7\?currency=CNY'$/)
    await page.getByText('clients.order.getOrder({ params: { id: 7 }, query: { currency: "CNY" } })').waitFor()
    await checkAccess()
    const folder = process.env['TRICUBE_TEST_SCREENSHOTS']
    if (folder) await page.screenshot({ path: `${folder}/try-1280.png` })

    await page.getByRole('link', { name: 'placeOrder' }).click()
    await page.getByLabel(/^item/).fill('ink')
    await page.getByLabel(/^count/).fill('many')
    await page.keyboard.press('Control+Enter')
    await page.getByText('must be integer').waitFor()
    await page.getByLabel(/^count/).fill('3')
    await page.getByLabel(/^gift/).selectOption('true')
    await page.getByRole('button', { name: 'As JSON' }).click()
    expect(JSON.parse(await page.getByLabel('Body as JSON').inputValue())).toEqual({
      item: 'ink',
      count: 3,
      gift: true,
    })
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByText('"placed": true').waitFor()
    await page.reload()
    await page.getByLabel('Saved and recent').selectOption({ index: 1 })
    expect(await page.getByLabel(/^item/).inputValue()).toBe('ink')
    await page.getByRole('button', { name: 'Save…' }).click()
    await page.locator('input:focus').waitFor()
    await page.keyboard.type('ink for ann')
    await page.keyboard.press('Enter')
    await page.reload()
    await page.getByLabel(/^item/).fill('paper')
    await page.getByLabel('Saved and recent').selectOption('ink for ann')
    expect(await page.getByLabel(/^item/).inputValue()).toBe('ink')
    await page.getByRole('button', { name: 'Forget it' }).click()
    expect(await page.getByLabel('Saved and recent').textContent()).not.toContain('ink for ann')
    expect(complaints).toEqual([])
  })

  it('sends files, alone and in a form, and never an empty body', async () => {
    const dashboard = await openShop()
    const { page, complaints, checkAccess, close } = await openPage(`${dashboard.url}#/try/order-service/putPhoto`)
    onTestFinished(() => close())
    const send = () => page.getByRole('button', { name: 'Send', exact: true }).click()
    await send()
    await page.getByText('The body is empty').waitFor()
    const picture = { name: 'ink.png', mimeType: 'image/png', buffer: Buffer.alloc(70, 0xff) }
    await page.getByLabel('File').setInputFiles(picture)
    await send()
    await page.getByText('"image/png of 70 bytes"').waitFor()
    await checkAccess()
    await page.getByRole('link', { name: 'report' }).click()
    await page.getByLabel('title').fill('日本')
    await page.getByLabel('picture').setInputFiles(picture)
    await send()
    await page.getByText('"日本: ink.png of 70 bytes"').waitFor()
    expect(complaints).toEqual([])
  })

  it.each(looks)('shows a contract, its callers and its settings, at $width pixels, $colorScheme', async (options) => {
    const dashboard = await openShop()
    dashboard.addZipkin([
      { ...zipkin({ service: 'shop-gateway', kind: 'CLIENT' }), remoteEndpoint: { serviceName: 'order-service' } },
    ])
    const { page, complaints, checkAccess, close } = await openPage(`${dashboard.url}#/contracts`, options)
    onTestFinished(() => close())
    await page.getByText('Called by shop-gateway').waitFor()
    await page.getByText('4 operations').waitFor()
    await page.getByText('placeOrder').focus()
    await page.getByText('placeOrder').click()
    const body = await page.getByRole('region', { name: 'Operations' }).getByText('gift?: boolean').textContent()
    expect(body).toBe('{\n  item: string  // minLength 2\n  count: integer  // minimum 1\n  gift?: boolean\n}')
    const settings = page.getByRole('region', { name: 'Settings' }).getByRole('row')
    await expect.poll(() => settings.count()).toBe(3)
    expect(await settings.last().textContent()).toBe('DATABASE_URL(secret)environment')
    await page.getByLabel('Defaults too').focus()
    await page.keyboard.press('Space')
    await expect.poll(() => settings.count()).toBe(4)
    await checkAccess()
    const folder = process.env['TRICUBE_TEST_SCREENSHOTS']
    if (folder) await page.screenshot({ path: `${folder}/contracts-${options.width}-${options.colorScheme}.png` })
    await page.getByRole('link', { name: 'Try it' }).last().click()
    await page.getByRole('heading', { name: 'placeOrder' }).waitFor()
    expect(complaints).toEqual([])
  })

  it.each(looks)('draws the map, around one service too, at $width pixels, $colorScheme', async (options) => {
    const dashboard = await open()
    const { page, complaints, checkAccess, close } = await openPage(`${dashboard.url}#/map`, options)
    onTestFinished(() => close())
    await page.getByText('Nothing to draw yet').waitFor()
    for (let i = 0; i < 12; i++) {
      const call = { traceId: spanId().padStart(32, 'c'), kind: 'CLIENT', ms: 4 + i }
      const peer = (serviceName: string) => ({ remoteEndpoint: { serviceName } })
      dashboard.addZipkin([
        { ...zipkin({ ...call, service: 'shop-gateway' }), ...peer('order-service') },
        { ...zipkin({ ...call, service: 'order-service' }), ...peer(i % 3 === 0 ? 'mail-service' : 'stock-service') },
        {
          ...zipkin({ ...call, service: 'stock-service', ...(i % 4 === 0 && { tags: { 'error.type': '503' } }) }),
          ...peer('payment-service'),
        },
        zipkin({
          ...call,
          service: 'order-service',
          tags: { 'db.system.name': 'postgresql', 'db.namespace': 'order_service' },
        }),
      ])
    }
    await page.getByRole('link', { name: 'database order_service' }).waitFor()
    await page.getByRole('searchbox', { name: 'Find on the map' }).fill('payment')
    await expect.poll(() => page.locator('.map-node:not(.dimmed)').count()).toBe(1)
    await page.getByRole('searchbox', { name: 'Find on the map' }).fill('')
    await expect.poll(() => page.locator('.dimmed').count()).toBe(0)
    await checkAccess()
    const folder = process.env['TRICUBE_TEST_SCREENSHOTS']
    if (folder) await page.screenshot({ path: `${folder}/map-${options.width}-${options.colorScheme}.png` })
    await page.getByRole('link', { name: 'service payment-service' }).focus()
    await page.keyboard.press('Enter')
    await expect.poll(() => page.locator('.map-node').count()).toBe(2)
    await page.getByLabel('Steps').selectOption('2')
    await expect.poll(() => page.locator('.map-node').count()).toBe(3)
    expect(page.url()).toContain('steps=2')
    expect(complaints).toEqual([])
  })
})
