import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Contract } from '../../contract/contract.ts'
import { codes, NotFound } from '../../contract/errors.ts'
import { openapiDocument, type OpenApiOptions } from '../openapi/document.ts'
import { Assets } from './assets.ts'
import { pageIcon, pageOf, pageScript, pageStyle } from './page.ts'

/**
 * Adds `GET /openapi/spec.json` and, at `GET /docs`, the page that shows it and tries it out.
 *
 * Costs nothing at start: the document is made and files are read when they are first asked for. The page loads nothing
 * from another machine and runs under a strict content security policy.
 */
export function registerDocs(fastify: FastifyInstance, contract: Contract, options: OpenApiOptions = {}): void {
  const assets = new Assets()
  let specification: string | undefined

  fastify.get('/openapi/spec.json', (request, reply) => {
    specification ??= JSON.stringify(openapiDocument(contract, options))
    return send(request, reply, { type: 'application/json; charset=utf-8', body: specification })
  })

  fastify.get('/docs', async (request, reply) => {
    const body = pageOf(contract.title ?? contract.name, await assets.version())
    reply.header('content-security-policy', policy)
    return send(request, reply, { type: 'text/html; charset=utf-8', body })
  })

  fastify.get<{ Params: { file: string }; Querystring: { v?: string } }>('/docs/:file', async (request, reply) => {
    const { file } = request.params
    const answer = own.get(file) ?? (await assets.read(file))
    if (!answer) throw new NotFound(`GET /docs/${file}`, { code: codes.noSuchRoute })
    return send(
      request,
      reply,
      answer,
      request.query.v === (await assets.version()) ? 'public, max-age=31536000, immutable' : undefined,
    )
  })
}

interface Answer {
  readonly type: string
  readonly body: string | Buffer
}

const own: ReadonlyMap<string, Answer> = new Map([
  ['icon.svg', { type: 'image/svg+xml', body: pageIcon }],
  ['page.css', { type: 'text/css; charset=utf-8', body: pageStyle }],
  ['page.js', { type: 'text/javascript; charset=utf-8', body: pageScript }],
])

/** Answers 304 when the caller has it already. */
function send(
  request: FastifyRequest,
  reply: FastifyReply,
  { type, body }: Answer,
  cacheControl = 'no-cache',
): FastifyReply {
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`
  reply.headers({ etag, 'cache-control': cacheControl })
  return request.headers['if-none-match'] === etag ? reply.code(304).send() : reply.type(type).send(body)
}

/** Everything from this service and nothing else; `data:` images are Swagger UI's own icons. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
