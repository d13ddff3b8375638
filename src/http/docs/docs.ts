import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Contract } from '../../contract/contract.ts'
import { codes, NotFound } from '../../contract/errors.ts'
import type { OpenApiOptions } from '../../openapi/document.ts'
import type { Answer } from './answer.ts'
import type { Content } from './content.ts'

/**
 * Adds `GET /openapi/spec.json` and, at `GET /docs`, the page that shows it and tries it out.
 *
 * Costs nothing at start: code, document and files are loaded when they are first asked for. The page takes nothing from
 * another machine and runs under a strict content security policy.
 */
export function registerDocs(fastify: FastifyInstance, contract: Contract, options: OpenApiOptions = {}): void {
  let loading: Promise<Content> | undefined
  const content = (): Promise<Content> => (loading ??= load(contract, options))

  fastify.get('/openapi/spec.json', async (request, reply) => {
    return send(request, reply, (await content()).specification())
  })

  fastify.get('/docs', async (request, reply) => {
    const page = (await content()).page()
    return send(request, reply.header('content-security-policy', policy), page)
  })

  fastify.get('/docs/', (_request, reply) => reply.redirect('../docs', 308)) // relative: a proxy may have a prefix before it

  fastify.get<{ Params: { file: string }; Querystring: { v?: string } }>('/docs/:file', async (request, reply) => {
    const { file } = request.params
    const answer = await (await content()).file(file)
    if (!answer) throw new NotFound(`GET /docs/${file}`, { code: codes.noSuchRoute })
    const isVersioned = request.query.v === (await content()).version
    return send(request, reply, answer, isVersioned ? 'public, max-age=31536000, immutable' : undefined)
  })
}

async function load(contract: Contract, options: OpenApiOptions): Promise<Content> {
  const { Content } = await import('./content.ts')
  return new Content(contract, options)
}

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
