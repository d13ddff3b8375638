/** Traces as files, and as tests. */
import { readFile } from 'node:fs/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { zipkinSpans } from '../../src/dashboard/ingest/zipkin.ts'
import type { OpenApi } from '../../src/dashboard/page/operations.ts'
import { testOf } from '../../src/dashboard/page/testOf.ts'
import { chromiumBinary, openPage } from './browser.ts'
import { open, spanId, steerable, zipkin, type OpenDashboard } from './open.ts'

/** A request that calls a service, which fails, and repeats a statement. */
function addRequest(dashboard: OpenDashboard, status = '503'): string {
  const traceId = spanId().padStart(32, 'b')
  const id = spanId()
  const client = (more: object) => zipkin({ traceId, parentId: id, service: 'order-service', kind: 'CLIENT', ...more })
  dashboard.addZipkin([
    zipkin({
      traceId,
      id,
      service: 'order-service',
      name: 'getOrder',
      tags: { 'http.request.method': 'GET', 'url.path': '/orders/7', 'http.response.status_code': status },
    }),
    client({
      name: 'stock-service.reserve',
      tags: { 'http.response.status_code': '404', 'error.type': '404' },
      annotations: [{ timestamp: 1_700_000_000_000_000, value: 'retry: {"reason":"503"}' }],
    }),
    client({ name: 'role-service.getRole', tags: { 'http.response.status_code': '200' } }),
    ...Array.from({ length: 6 }, () =>
      client({
        name: 'SELECT items',
        tags: { 'db.query.text': 'SELECT * FROM items WHERE id = $1', password: 'hunter2' },
      }),
    ),
  ])
  return traceId
}

const change = (dashboard: OpenDashboard, body: string, headers = { 'x-tricube-dashboard': '1' }) =>
  dashboard.ask('/api/traces/open', { method: 'POST', headers, body })

it('saves a trace as OTLP, and opens it as it was', async () => {
  const one = await open()
  const id = addRequest(one)
  const response = await one.ask(`/api/traces/${id}/file`)
  expect(response.headers.get('content-disposition')).toBe(`attachment; filename="trace-${id}.json"`)
  const text = await response.text()
  expect(text).not.toContain('hunter2')
  const other = await open()
  expect(await (await change(other, text)).json()).toEqual({ spans: 9, traces: [id] })
  const { spans } = await one.json(`/api/traces/${id}`)
  const { spans: opened } = await other.json(`/api/traces/${id}`)
  const sorted = (list: any[]) => list.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const times = { startMs: expect.any(Number), durationMs: expect.any(Number) }
  expect(sorted(opened)).toEqual(
    sorted(spans).map(({ error, ...span }) => ({
      ...span,
      ...times,
      ...(error && { error, attributes: { ...span.attributes, 'error.type': error } }),
    })),
  )
  expect((await change(other, text)).status).toBe(200) // again: nothing is there twice
  expect((await other.json(`/api/traces/${id}`)).spans).toHaveLength(9)
})

it('opens files of other tools, and rejects what is none', async () => {
  const dashboard = await open()
  const span = (traceId: string) => ({
    traceId,
    spanId: '1'.repeat(16),
    name: 'GET /',
    startTimeUnixNano: '1700000000000000000',
  })
  const line = (traceId: string) => JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span(traceId)] }] }] })
  expect(await (await change(dashboard, `${line('c'.repeat(32))}\n${line('d'.repeat(32))}\n`)).json()).toMatchObject({
    spans: 2,
  })
  expect(await (await change(dashboard, JSON.stringify([zipkin({})]))).json()).toMatchObject({ spans: 1 })
  for (const wrong of ['', 'hello', '{}', '[]', 'null', '{"resourceSpans":[]}', '[{"traceId":"x"}]']) {
    expect([wrong, (await change(dashboard, wrong)).status]).toEqual([wrong, 400])
  }
  expect((await change(dashboard, line('e'.repeat(32)), {} as never)).status).toBe(403)
  expect((await dashboard.ask('/api/traces/none/file')).status).toBe(404)
})

describe('a test of a request', () => {
  const document: OpenApi = {
    paths: {
      '/orders/{id}': {
        get: {
          operationId: 'getOrder',
          parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'integer' } }],
        },
      },
    },
  }
  const textOf = async (status: string, documents: ReadonlyMap<string, OpenApi>) => {
    const dashboard = await open()
    const id = addRequest(dashboard, status)
    const { spans } = await dashboard.json(`/api/traces/${id}`)
    return testOf(spans[0], spans, documents)
  }

  it('sends the request again, and fails what failed', async () => {
    const text = await textOf('503', new Map([['order-service', document]]))
    expect(text.replace(/trace \w+: .*/, 'trace …')).toBe(`import { NotFound } from 'tricube'
import { testService } from 'tricube/testing'
import { expect, it } from 'vitest'
import { stockService } from '../stock-service/contract.ts'
import { roleService } from '../role-service/contract.ts'
import service from './service.ts'

// Made of trace …
it("getOrder responds with 503 when stock-service.reserve fails", async () => {
  await using app = await testService(service)
  app.mock(stockService).reserve.throws(new NotFound('as in the trace'))
  app.mock(roleService).getRole.returns({})
  await expect(app.client.getOrder({ params: { id: 7 } })).rejects.toMatchObject({ status: 503 })
  expect(app.spans.filter((span) => span.name === "SELECT items").length)
    .toBeLessThan(5)
})
`)
  })

  it('sends any request when the contract is not known', async () => {
    const text = await textOf('200', new Map())
    expect(text).toContain(`const response = await app.inject({ method: "GET", url: "/orders/7" })
  expect(response.statusCode).toBe(200)`)
  })

  it('has names from the trace as literals only', () => {
    const name = `x', () => {}); process.exit() //\n\`\${1}`
    const [of] = zipkinSpans([zipkin({ name, tags: { 'url.path': `/'"\n`, 'http.request.method': `GET"})` } })])
    const text = testOf(of!, [of!], new Map())
    expect(
      // oxlint-disable-next-line typescript/no-implied-eval -- it is parsed and never called
      () => new Function(`return async () => {${text.slice(text.indexOf('\nit(')).replace('await using', 'const')}}`),
    ).not.toThrow()
    expect(text).toContain(JSON.stringify(`${name} responds with 200`))
  })
})

describe.skipIf(!chromiumBinary)('in Chromium', { timeout: 60_000 }, () => {
  it('saves, opens and tests a trace, by clicks and by the keyboard', async () => {
    const all = [steerable('order-service')]
    const dashboard = await open({ services: () => all })
    const id = addRequest(dashboard)
    const { page, complaints, checkAccess, close } = await openPage(`${dashboard.url}#/traces/${id}`)
    onTestFinished(() => close())
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Save', exact: true }).click(),
    ])
    const text = await readFile(await download.path(), 'utf8')
    await page.getByRole('button', { name: 'Make a test of it' }).focus()
    await page.keyboard.press('Enter')
    await page.getByText('await using app = await testService(service)').waitFor()
    expect(page.url()).toContain('test=on')
    await checkAccess()
    await page.goto(`${dashboard.origin}/#/traces`)
    await page.getByRole('button', { name: 'Clear' }).click()
    await page.getByText('No traces yet').waitFor()
    await page
      .getByLabel('File of traces')
      .setInputFiles({ name: 't.json', mimeType: 'application/json', buffer: Buffer.from('{}') })
    await page.getByRole('alert').getByText('the file has no spans').waitFor()
    await page
      .getByLabel('File of traces')
      .setInputFiles({ name: 't.json', mimeType: 'application/json', buffer: Buffer.from(text) })
    await page.getByText('9 spans').waitFor()
    expect(page.url()).toContain(`#/traces/${id}`)
    expect(complaints.filter((complaint) => !/40[04]/.test(complaint))).toEqual([])
  })

  it('prints every row', async () => {
    const dashboard = await open()
    for (let i = 0; i < 120; i++) dashboard.addZipkin([zipkin({ name: `op${i}` })])
    const { page, close } = await openPage(`${dashboard.url}#/traces`, { height: 500 })
    onTestFinished(() => close())
    await page.getByText('op119').waitFor()
    expect(await page.getByText('op30', { exact: true }).count()).toBe(0)
    await page.emulateMedia({ media: 'print' })
    await page.getByText('op30', { exact: true }).waitFor()
    await page.emulateMedia({ media: 'screen' })
    await expect.poll(() => page.getByText('op30', { exact: true }).count()).toBe(0)
  })
})
