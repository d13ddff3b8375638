import { request } from 'node:http'
import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { contract, csv, file, service, t } from 'tricube'
import { client } from 'tricube/client'
import { fetchClient } from 'tricube/client/fetch'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const text = 'tea '.repeat(1000)
const packed = contract('packed-service', {
  long: { route: 'GET /long', returns: t.String(), etag: true },
  short: { route: 'GET /short', returns: t.String() },
  image: { route: 'GET /image', returns: file('image/png') },
  rows: { route: 'GET /rows', returns: file('text/csv') },
  asIs: { route: 'GET /as-is', returns: t.String(), cacheControl: 'no-transform, max-age=1' },
})
const packedService = service(packed, {
  compress: {},
  hooks: {
    beforeStart({ fastify }) {
      fastify.get('/events', (_request, reply) => reply.type('text/event-stream').send(`data: ${text}\n\n`))
    },
  },
  handlers: {
    long: () => text,
    short: () => 'tea',
    image: () => ({ content: text }),
    rows: () => ({ content: csv(Array.from({ length: 5000 }, (_, id) => ({ id }))) }),
    asIs: () => text,
  },
})
let url: string
beforeAll(async () => void ({ url } = await packedService.listen()))
afterAll(() => packedService.close())

async function get(path: string, acceptEncoding?: string, more: Record<string, string> = {}) {
  const headers = { ...(acceptEncoding !== undefined && { 'accept-encoding': acceptEncoding }), ...more }
  const sent = request(url + path, { headers }).end()
  const [response] = (await once(sent, 'response')) as [import('node:http').IncomingMessage]
  return { status: response.statusCode, headers: response.headers, body: await buffer(response) }
}

describe('compress', () => {
  it.each<[string, string | undefined]>([
    ['gzip', 'gzip'],
    ['br', 'br'],
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip;q=1.0, br;q=0.5', 'gzip'],
    ['br;q=0, *', 'gzip'],
    ['*', 'br'],
    ['GZIP', 'gzip'],
    ['identity', undefined],
    ['gzip;q=0', undefined],
    ['gzip;q=x', undefined],
    ['', undefined],
  ])('with accept-encoding %j sends %s', async (accepted, encoding) => {
    const { headers, body } = await get('/long', accepted)
    expect([headers['content-encoding'], headers.vary]).toEqual([encoding, 'accept-encoding'])
    const unpacked = encoding === 'br' ? brotliDecompressSync(body) : encoding === 'gzip' ? gunzipSync(body) : body
    expect(JSON.parse(unpacked.toString())).toEqual({ code: 0, data: text })
    if (encoding) expect(Number(headers['content-length'])).toBe(body.length)
  })

  it('makes the tag weak, which a caller may send back', async () => {
    const { headers } = await get('/long', 'gzip')
    expect(headers.etag).toMatch(/^W\/"/)
    const again = await get('/long', 'gzip', { 'if-none-match': headers.etag! })
    expect([again.status, again.body.length]).toEqual([304, 0])
  })

  it.each(['gzip', 'identity'])('keeps vary and the tag in a 304: %s', async (encoding) => {
    const { headers } = await get('/long', encoding)
    const again = await get('/long', encoding, { 'if-none-match': headers.etag! })
    expect([again.status, again.headers.etag, again.headers.vary]).toEqual([304, headers.etag, headers.vary])
    expect(again.headers['content-encoding']).toBeUndefined()
  })

  it('streams files of text', async () => {
    const { headers, body } = await get('/rows', 'gzip')
    expect([headers['content-encoding'], headers['content-length']]).toEqual(['gzip', undefined])
    expect(gunzipSync(body).toString().split('\r\n')).toHaveLength(5002)
  })

  it.each(['/short', '/image', '/as-is', '/events'])('leaves %s as it is', async (path) => {
    const { headers } = await get(path, 'gzip, br')
    expect(headers['content-encoding']).toBeUndefined()
  })

  it('is invisible to callers', async () => {
    await using over = client(packed, { url })
    for (const one of [over, fetchClient(packed, { url })]) expect(await one.long()).toBe(text)
  })
})
