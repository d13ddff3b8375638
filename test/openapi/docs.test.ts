import { contract, service, t } from 'tricube'
import { afterAll, describe, expect, it } from 'vitest'

const operations = { getUser: { route: 'GET /users/:id', returns: t.Object({ id: t.Integer() }) } } as const
const users = contract('user-service', operations, { title: '<Users> & "friends"', version: '7.0.0' })
const app = service(users, { handlers: { getUser: ({ params }) => ({ id: Number(params.id) }) } })
afterAll(() => app.close())

const get = (url: string, headers = {}) => app.inject({ url, headers })

describe('/openapi/spec.json', () => {
  it('is the OpenAPI document of the contract', async () => {
    const { statusCode, headers, body } = await get('/openapi/spec.json')
    expect(statusCode).toBe(200)
    expect(headers['content-type']).toBe('application/json; charset=utf-8')
    expect(JSON.parse(body)).toMatchObject({
      openapi: '3.1.1',
      info: { version: '7.0.0' },
      paths: { '/users/{id}': {} },
    })
  })

  it('responds with 304 to a caller that has it', async () => {
    const { etag } = (await get('/openapi/spec.json')).headers
    const { statusCode, body } = await get('/openapi/spec.json', { 'if-none-match': etag })
    expect([statusCode, body]).toEqual([304, ''])
  })
})

describe('/docs', () => {
  it('is a page with the title of the service', async () => {
    const { headers, body } = await get('/docs')
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    expect(body).toContain('<title>&#60;Users&#62; &#38; &#34;friends&#34;</title>')
  })

  it('is also found with a trailing slash, behind any prefix', async () => {
    const { statusCode, headers } = await get('/docs/')
    expect([statusCode, headers.location]).toEqual([308, '../docs'])
  })

  it('loads only from this service, without inline scripts or eval', async () => {
    const { headers, body } = await get('/docs')
    const policy = String(headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'")
    expect(policy).not.toContain('unsafe')
    expect(body).not.toMatch(/https?:|<style|<script(?! src=)| on\w+=| style=/)
  })

  it('serves each of its files as immutable', async () => {
    const { body } = await get('/docs')
    const urls = [...body.matchAll(/(?:src|href)="(docs\/[^"]+)"/g)].map(([, url]) => url!)
    expect(urls).toHaveLength(5)
    for (const url of urls) expect(url).toMatch(/\?v=[\d.]+-[\w-]{8}$/) // Swagger UI's files and tricube's own
    for (const url of urls) {
      const { statusCode, headers } = await get(`/${url}`)
      expect([url, statusCode, headers['cache-control']]).toEqual([url, 200, 'public, max-age=31536000, immutable'])
      expect(headers['content-type']).toMatch(/^(text\/(css|javascript); charset=utf-8|image\/svg\+xml)$/)
      expect((await get(`/${url}`, { 'if-none-match': headers['etag'] })).statusCode).toBe(304)
    }
  })

  it('revalidates a file without a version', async () => {
    expect((await get('/docs/page.js')).headers['cache-control']).toBe('no-cache')
  })

  it.each(['nothing.js', 'constructor', '..%2fpackage.json', '..%2f..%2f..%2f..%2fpackage.json'])(
    'has no %s',
    async (file) => {
      expect((await get(`/docs/${file}`)).statusCode).toBeGreaterThanOrEqual(404)
      expect((await get(`/docs/${file}`)).statusCode).toBeLessThan(500)
    },
  )
})
