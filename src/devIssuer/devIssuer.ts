import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Codes, isLoopback, readAuthorization } from './authorization.ts'
import { loginPage } from './page.ts'
import { lifetimeSeconds, TokenSigner, type DevUser } from './tokens.ts'

/** Options of `devIssuer`. */
export interface DevIssuerOptions {
  /** The preferred port on 127.0.0.1. Default, and when it is taken: a free one. */
  readonly port?: number
  /** Returns the audiences of its access tokens: the services that accept them. */
  readonly audience: () => readonly string[]
}

/** An issuer of tokens for development. */
export interface DevIssuer {
  /** Its URL, for `AUTH_ISSUER`. */
  readonly url: string
  /** Signs an access token. */
  token(user: DevUser): Promise<string>
  stop(): Promise<void>
}

/**
 * Starts an OpenID Connect issuer on 127.0.0.1 that logs anyone in as anyone.
 *
 * @throws {Error} in production
 */
export async function devIssuer({ port = 0, audience }: DevIssuerOptions): Promise<DevIssuer> {
  if (process.env['NODE_ENV'] === 'production') {
    throw new Error('the issuer of tricube dev logs anyone in as anyone: it does not run with NODE_ENV=production')
  }
  const server = createServer()
  await listen(server, port).catch(() => listen(server, 0))
  const { port: listening } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${listening}`
  const signer = await TokenSigner.create(url, audience)
  const routes = new Routes(url, signer)
  server.on('request', (request, response) => void routes.handle(request, response))
  return {
    url,
    token: (user) => signer.accessToken(user),
    async stop() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
}

/** The endpoints of an issuer. */
class Routes {
  readonly #url: string
  readonly #signer: TokenSigner
  readonly #codes = new Codes()

  constructor(url: string, signer: TokenSigner) {
    this.#url = url
    this.#signer = signer
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#route(request, response)
    } catch (error) {
      if (!response.headersSent) send(response, 500, { error: 'server_error', error_description: String(error) })
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { headers, method } = request
    // A page of another site that has its name point to this machine must not reach it.
    if (!isLoopback(`http://${headers.host}`)) return send(response, 421, { error: 'the Host is not this machine' })
    const { pathname, searchParams } = new URL(request.url!, this.#url)
    const route = `${method} ${pathname}`
    if (headers.origin !== undefined && isLoopback(headers.origin) && pathname !== '/authorize') {
      response.setHeader('access-control-allow-origin', headers.origin) // an app in the browser fetches its tokens
      response.setHeader('vary', 'origin')
    }
    switch (route) {
      case 'GET /.well-known/openid-configuration':
        return send(response, 200, this.#discovery())
      case 'GET /jwks':
        return send(response, 200, { keys: [this.#signer.publicKey] })
      case 'GET /authorize':
        return this.#showLogin(searchParams, response)
      case 'POST /authorize':
        return this.#login(await formOf(request), response, headers.origin)
      case 'POST /token':
        return this.#tokens(await formOf(request), response)
      case 'POST /tricube/token':
        return this.#tokenOf(request, response)
      default:
        return send(response, 404, { error: `${route} is no endpoint of this issuer` })
    }
  }

  #discovery(): object {
    const url = this.#url
    return {
      issuer: url,
      authorization_endpoint: `${url}/authorize`,
      token_endpoint: `${url}/token`,
      jwks_uri: `${url}/jwks`,
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['none'],
      authorization_response_iss_parameter_supported: true,
    }
  }

  #showLogin(parameters: URLSearchParams, response: ServerResponse): void {
    const wanted = readAuthorization(parameters)
    if (typeof wanted === 'string') return send(response, 400, { error: 'invalid_request', error_description: wanted })
    const back = new URL(wanted.redirect_uri).origin // Chromium applies form-action to the redirect, too
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': `default-src 'none'; style-src 'unsafe-inline'; form-action 'self' ${back}; base-uri 'none'; frame-ancestors 'none'`,
    })
    response.end(loginPage(wanted))
  }

  #login(form: URLSearchParams, response: ServerResponse, origin: string | undefined): void {
    const wanted = readAuthorization(form)
    const user = form.get('user') ?? ''
    if (origin !== this.#url) return send(response, 403, { error: 'only the page of this issuer logs in' })
    if (typeof wanted === 'string' || user === '') return send(response, 400, { error: 'invalid_request' })
    const scopes = wanted.scope.split(' ').filter(Boolean)
    const code = this.#codes.issue({ request: wanted, user: { user, scopes, tenant: form.get('tenant') || undefined } })
    const back = new URL(wanted.redirect_uri)
    back.searchParams.set('code', code)
    back.searchParams.set('iss', this.#url) // RFC 9207
    if (wanted.state !== undefined) back.searchParams.set('state', wanted.state)
    response.writeHead(303, { location: back.href, 'cache-control': 'no-store' }).end()
  }

  async #tokens(form: URLSearchParams, response: ServerResponse): Promise<void> {
    if (form.get('grant_type') !== 'authorization_code') return send(response, 400, { error: 'unsupported_grant_type' })
    const login = this.#codes.redeem(form)
    if (!login) return send(response, 400, { error: 'invalid_grant' })
    const { user, request } = login
    const { client_id: client, nonce } = request
    send(response, 200, {
      access_token: await this.#signer.accessToken(user, client),
      ...(user.scopes!.includes('openid') && { id_token: await this.#signer.idToken(user, client, nonce) }),
      token_type: 'Bearer',
      expires_in: lifetimeSeconds,
      scope: user.scopes!.join(' '),
    })
  }

  /** For `tricube token`. A page of another site cannot send this content type, nor read the response. */
  async #tokenOf(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.headers['content-type'] !== 'application/json' || request.headers.origin !== undefined) {
      return send(response, 415, { error: 'only tricube token asks here' })
    }
    send(response, 200, { access_token: await this.#signer.accessToken(JSON.parse(await textOf(request)) as DevUser) })
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  return new URLSearchParams(await textOf(request))
}

/** The largest form, in bytes. */
const maxBytes = 64 * 1024

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += String(chunk)
    if (text.length > maxBytes) throw new Error('the body is too large')
  }
  return text
}
