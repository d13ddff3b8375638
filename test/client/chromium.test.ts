/** A page in a real browser calls a service by its contract: uploads, downloads, cookies. */
import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { service, Unauthorized } from 'tricube'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { chromiumBinary, openPage, type OpenPage } from '../dashboard/browser.ts'
import { bundleForPage } from './bundle.ts'
import { albums } from './pageContract.ts'

const script = `
  import { HttpError, NotFound, PayloadTooLarge, Unauthorized, UnsupportedMediaType } from 'tricube'
  import { fetchClient } from 'tricube/client/fetch'
  import { albums } from './test/client/pageContract.ts'

  const hex = async (bytes) => [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))]
    .map((byte) => byte.toString(16).padStart(2, '0')).join('')
  const bytes = Uint8Array.from({ length: 2_000_000 }, (_, i) => i % 251)
  const photo = new File([bytes], '../фото 1.png', { type: 'image/png' })
  const errorOf = (call) => call.then(() => 'none', (error) => [NotFound, PayloadTooLarge, Unauthorized, UnsupportedMediaType]
    .find((one) => error instanceof one)?.name ?? (error instanceof HttpError ? error.status + ' ' + error.message : String(error)))

  window.run = {
    async upload(url) {
      const client = fetchClient(albums, { url })
      const plain = await client.putPhoto({ params: { id: '1' }, body: photo })
      const form = await client.addPhoto({ body: { title: 'Tea', photo } })
      return { sha256: await hex(bytes), plain, form }
    },
    async rejected(url) {
      const client = fetchClient(albums, { url })
      const large = new Blob([new Uint8Array(20_000_000)], { type: 'image/png' })
      return [
        await errorOf(client.putPhoto({ params: { id: '1' }, body: large })),
        await errorOf(client.putPhoto({ params: { id: '1' }, body: new Blob(['x'], { type: 'text/html' }) })),
        await errorOf(client.addPhoto({ body: { title: 'Tea', photo: large } })),
        await errorOf(client.getPhoto({ params: { id: '404' } })),
      ]
    },
    async download(url) {
      const client = fetchClient(albums, { url })
      const blob = await client.getPhoto({ params: { id: '1' } })
      const { headers, value } = await client.getPhoto.stream({ params: { id: '1' } })
      const some = await client.getPhoto.raw({ params: { id: '1' } }, { headers: { range: 'bytes=5-9' } })
      return {
        types: [blob.type, headers['content-type']],
        hashes: [await hex(await blob.arrayBuffer()), await hex(await new Response(value).arrayBuffer())],
        headers: [headers['content-disposition'], typeof headers.etag, some.headers['content-range']],
        part: [some.status, [...new Uint8Array(await some.value.arrayBuffer())]],
      }
    },
    async stop(url) {
      const { value } = await fetchClient(albums, { url }).endless.stream()
      const reader = value.getReader()
      const { value: chunk } = await reader.read()
      await reader.cancel()
      return chunk.length > 0
    },
    async cookies(url) {
      const client = fetchClient(albums, { url, credentials: 'include' })
      const before = await errorOf(client.whoAmI())
      const { headers } = await client.logIn.raw({ body: { name: 'Ada' } })
      const shown = document.cookie
      const name = await client.whoAmI()
      const without = await errorOf(fetchClient(albums, { url, credentials: 'omit' }).whoAmI())
      await client.logOut()
      return { before, visits: headers['x-visits'], shown, name, without, after: await errorOf(client.whoAmI()) }
    },
    foreign: (url) => errorOf(fetchClient(albums, { url }).putPhoto({ params: { id: '1' }, body: photo })),
  }
`

let stored = new Uint8Array()
let puts = 0
let ended = 0
const albumService = (origin: string) =>
  service(albums, {
    cors: { origins: [origin], credentials: true },
    handlers: {
      async putPhoto({ body }) {
        puts++
        stored = new Uint8Array(await body.bytes())
        return body.received!
      },
      addPhoto: ({ body: { title, photo } }) => ({ title, name: photo.name, sha256: photo.sha256 }),
      getPhoto: ({ params }) =>
        params.id === '1' ? { content: stored, name: 'photo.png' } : { content: { path: '/nowhere' } },
      endless: () => ({
        content: (async function* () {
          try {
            for (;;) yield new Uint8Array(65_536)
          } finally {
            ended++
          }
        })(),
      }),
      logIn({ body, response }) {
        response.cookie('session', body.name).header('x-visits', 7)
        return null
      },
      whoAmI({ cookies }) {
        if (cookies.session === undefined) throw new Unauthorized('log in')
        return cookies.session
      },
      logOut: ({ response }) => void response.clearCookie('session'),
    },
  })

/** Serves the page. Another port is another origin. */
async function servePage(text: string): Promise<{ readonly server: Server; readonly origin: string }> {
  const server = createServer(({ url }, response) => {
    const isScript = url === '/page.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(
      isScript ? text : '<!doctype html><link rel=icon href=data:,><script type=module src=/page.js></script>',
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

describe.runIf(chromiumBinary)('a page in Chromium', () => {
  const cleanups: (() => unknown)[] = []
  let url: string
  let home: OpenPage
  let elsewhere: string
  beforeAll(async () => {
    const { text } = await bundleForPage(script)
    const [page, other] = [await servePage(text), await servePage(text)]
    elsewhere = other.origin
    vi.stubEnv('COOKIE_SECRETS', 'a'.repeat(32))
    vi.stubEnv('PORT', '0')
    const app = albumService(page.origin)
    ;({ url } = await app.listen())
    vi.unstubAllEnvs()
    home = await openPage(page.origin)
    cleanups.push(
      () => home.close(),
      () => app.close(),
      () => page.server.close(),
      () => other.server.close(),
    )
  })
  afterAll(async () => {
    for (const cleanup of cleanups) await cleanup()
  })
  const run = (name: string, { page }: OpenPage = home) =>
    page.waitForFunction('window.run').then(() => page.evaluate(`run.${name}('${url}')`)) as Promise<any>

  it('uploads files, plain and with fields', async () => {
    const { sha256, plain, form } = await run('upload')
    expect(plain).toEqual({ bytes: 2_000_000, sha256 })
    expect(form).toEqual({ title: 'Tea', name: 'фото 1.png', sha256 })
    expect(createHash('sha256').update(stored).digest('hex')).toBe(sha256)
  })

  it('gets the errors of uploads in their classes', async () => {
    expect(await run('rejected')).toEqual(['PayloadTooLarge', 'UnsupportedMediaType', 'PayloadTooLarge', 'NotFound'])
  })

  it('downloads files, as a whole, in parts and while they arrive', async () => {
    const { sha256 } = await run('upload')
    expect(await run('download')).toEqual({
      types: ['image/png', 'image/png'],
      hashes: [sha256, sha256],
      headers: ['attachment; filename="photo.png"', 'string', 'bytes 5-9/2000000'],
      part: [206, [5, 6, 7, 8, 9]],
    })
    expect(await run('stop')).toBe(true)
    await expect.poll(() => ended).toBe(1)
  })

  it('keeps cookies that scripts cannot read', async () => {
    expect(await run('cookies')).toEqual({
      before: 'Unauthorized',
      visits: 7,
      shown: '',
      name: 'Ada',
      without: 'Unauthorized',
      after: 'Unauthorized',
    })
  })

  it('of another origin uploads nothing', async () => {
    const foreign = await openPage(elsewhere)
    cleanups.unshift(() => foreign.close())
    const before = puts
    expect(await run('foreign', foreign)).toMatch(/^503 /)
    expect(puts).toBe(before)
  })
})
