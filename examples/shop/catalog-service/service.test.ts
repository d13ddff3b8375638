import { client } from 'tricube/client'
import { testService, type TestApp } from 'tricube/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { catalogV2, type catalogService } from './contract.ts'
import service from './service.ts'

let app: TestApp<typeof catalogService>
beforeEach(async () => {
  app = await testService(service, { seed: true })
})
afterEach(() => app.close())

const params = { id: 2 }
const png = new Blob([new Uint8Array([0x89, 0x50, 0x4e, 0x47, 1, 2, 3])], { type: 'image/png' })

describe('a picture', () => {
  it('is uploaded, and sent as it came', async () => {
    expect((await app.client.v2_putPicture({ params, body: png })).status).toBe(204)
    const { data, headers } = await app.client.v2_getPicture({ params })
    expect([data.type, await data.arrayBuffer()]).toEqual(['image/png', await png.arrayBuffer()])
    const known = await app.client.v2_getPicture({ params }, { headers: { 'if-none-match': String(headers['etag']) } })
    expect(known.status).toBe(304)
  })

  it('is read while it arrives by a client', async () => {
    await app.client.v2_putPicture({ params, body: png })
    await using catalog = client(catalogV2, { url: await app.fastify.listen({ port: 0, host: '127.0.0.1' }) })
    const { value, headers } = await catalog.getPicture.stream({ params })
    expect(headers['content-type']).toBe('image/png')
    expect(await new Response(value).arrayBuffer()).toEqual(await png.arrayBuffer())
  })

  it.each([
    ['of another type', { params, body: new Blob(['<svg>'], { type: 'image/svg+xml' }) }, 415],
    ['that is too large', { params, body: new Blob([new Uint8Array(1_000_001)], { type: 'image/png' }) }, 413],
    ['of no product', { params: { id: 99 }, body: png }, 404],
  ])('%s is rejected', async (_, input, status) => {
    await expect(app.client.v2_putPicture(input)).rejects.toMatchObject({ status })
    await expect(app.client.v2_getPicture({ params })).rejects.toMatchObject({ status: 404 })
  })
})

describe('products', () => {
  it('are listed page by page', async () => {
    const first = await app.client.v2_listProducts({ query: { size: 1 } })
    expect(first.data).toMatchObject([{ name: 'Green tea' }])
    const query = { size: 1, cursor: first.pagination.next! }
    expect(await app.client.v2_listProducts({ query })).toMatchObject({
      data: [{ name: 'Teapot' }],
      pagination: { next: null },
    })
    expect((await app.client.v2_listProducts({ query: { name: 'POT' } })).data).toMatchObject([{ id: 2 }])
  })

  it('are all in one list for older apps, which are told of its end', async () => {
    const { data, headers } = await app.client.v1_listProducts()
    expect(data).toHaveLength(2)
    expect(headers).toMatchObject({ deprecation: '@1790812800', sunset: 'Thu, 01 Apr 2027 00:00:00 GMT' })
  })
})
