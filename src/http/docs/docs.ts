import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Contract } from '../../contract/contract.ts'
import { codes, NotFound } from '../../contract/errors.ts'
import type { OpenApiOptions } from '../../openapi/document.ts'
import type { Asset } from './asset.ts'
import type { Content } from './content.ts'
import type { DocsLogin, FindLogin } from './login.ts'

/**
 * Adds `GET /openapi/spec.json` and, at `GET /docs`, the page that shows it and tries it out.
 *
 * It costs nothing at start: code, document and files are loaded at the first request. The page loads nothing from other
 * hosts, and runs under a strict content security policy.
 */
export function registerDocs(
  fastify: FastifyInstance,
  contract: Contract,
  { findLogin, ...options }: OpenApiOptions & { readonly findLogin?: FindLogin | undefined } = {},
): void {
  let loading: Promise<Content> | undefined
  const content = (): Promise<Content> => (loading ??= load(contract, options))

  fastify.get('/openapi/spec.json', async (request, reply) => {
    return send(request, reply, (await content()).specification())
  })

  fastify.get('/docs', async (request, reply) => {
    const login = await findLogin?.()
    const page = (await content()).page(login)
    return send(request, reply.header('content-security-policy', policyFor(login)), page)
  })

  fastify.get('/docs/', (_request, reply) => reply.redirect('../docs', 308)) // relative: a proxy may have a prefix before it

  fastify.get<{ Params: { file: string }; Querystring: { v?: string } }>('/docs/:file', async (request, reply) => {
    const { file } = request.params
    const asset = await (await content()).file(file)
    if (!asset) throw new NotFound(`GET /docs/${file}`, { code: codes.noSuchRoute })
    const isVersioned = request.query.v === (await content()).version
    return send(request, reply, asset, isVersioned ? 'public, max-age=31536000, immutable' : undefined)
  })
}

async function load(contract: Contract, options: OpenApiOptions): Promise<Content> {
  const { Content } = await import('./content.ts')
  return new Content(contract, options)
}

/** Sends an asset, or a 304 when the caller has it already. */
function send(
  request: FastifyRequest,
  reply: FastifyReply,
  { type, body }: Asset,
  cacheControl = 'no-cache',
): FastifyReply {
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`
  reply.headers({ etag, 'cache-control': cacheControl })
  return request.headers['if-none-match'] === etag ? reply.code(304).send() : reply.type(type).send(body)
}

/** Only this service's own files, and tokens of the issuer. `data:` images are Swagger UI's icons. */
function policyFor(login: DocsLogin | undefined): string {
  const issuer = login ? ` ${new URL(login.tokenEndpoint).origin}` : ''
  return (
    `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'${issuer}; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
  )
}
