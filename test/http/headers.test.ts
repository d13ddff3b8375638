import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { contract, service, t } from 'tricube'

const pages = contract('pages', {
  getPage: { route: 'GET /pages/:name', params: { name: t.String() }, returns: t.String() },
})

const onEvery = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-request-id': 'page-1',
}
const framed = { ...onEvery, 'x-frame-options': 'SAMEORIGIN' }
const { 'x-frame-options': _, ...unframed } = onEvery

const app = service(pages, { handlers: { getPage: ({ params }) => params.name } })
let url: string
beforeAll(async () => {
  addPlugin(app.fastify)
  url = (await app.listen()).url
})
afterAll(() => app.close())

/** Sets and removes headers, on Fastify's replies and on Node's responses. */
function addPlugin(fastify: FastifyInstance): void {
  fastify.addHook('onSend', async ({ url }, reply) => {
    if (url === '/pages/set') reply.header('X-Frame-Options', 'SAMEORIGIN')
    if (url === '/pages/set-below') reply.raw.setHeader('X-Frame-Options', 'SAMEORIGIN')
    if (url === '/pages/removed') reply.removeHeader('X-Frame-Options')
  })
  fastify.get('/raw/object', (_request, reply) => {
    reply.hijack().raw.writeHead(200, { 'X-Frame-Options': 'SAMEORIGIN' }).end()
  })
  fastify.get('/raw/array', (_request, reply) => {
    reply.hijack().raw.writeHead(200, ['X-Frame-Options', 'SAMEORIGIN']).end()
  })
  fastify.get('/raw/none', (_request, reply) => void reply.hijack().raw.end())
}

describe('the headers of every response', () => {
  it.each([
    ['are sent', '/pages/usual', onEvery],
    ['are sent with an error', '/nowhere', onEvery],
    ['do not replace one that a plugin sets', '/pages/set', framed],
    ['do not replace one that is set below Fastify', '/pages/set-below', framed],
    ['omit one that a plugin removes', '/pages/removed', unframed],
    ['are sent by a response below Fastify', '/raw/none', onEvery],
    ['do not replace one of an object of headers', '/raw/object', framed],
    ['do not replace one of a list of headers', '/raw/array', framed],
  ])('%s: %s', async (_what, path, expected) => {
    const { headers } = await fetch(url + path, { headers: { 'x-request-id': 'page-1' } })
    const sent = Object.fromEntries([...headers].filter(([name]) => name in onEvery))
    expect(sent).toEqual(expected)
  })

  it('are the same without a socket', async () => {
    for (const [path, expected] of [
      ['usual', onEvery],
      ['set', framed],
      ['removed', unframed],
    ] as const) {
      const { headers } = await app.inject({ url: `/pages/${path}`, headers: { 'x-request-id': 'page-1' } })
      expect(Object.fromEntries(Object.entries(headers).filter(([name]) => name in onEvery))).toEqual(expected)
    }
  })
})
