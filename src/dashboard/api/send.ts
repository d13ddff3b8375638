import { randomBytes } from 'node:crypto'
import type { DashboardOptions, ManagedService } from '../dashboardOptions.ts'
import { cut } from '../ingest/limits.ts'
import type { SentRequest, SentResponse, SentUser } from '../model/sentRequest.ts'
import { BodyError, readJson } from '../server/body.ts'
import { send, sendError, sendJson } from '../server/respond.ts'
import type { Route } from '../server/router.ts'
import type { Store } from '../store/store.ts'

/** What an attempt shows: the description of a service, and the response to a request. */
export function sendRoutes(
  store: Store,
  services: () => readonly ManagedService[],
  tokenOf: DashboardOptions['tokenOf'] = async () => undefined,
): Route[] {
  const urlOf = (name: string | undefined): string | undefined =>
    services().find(({ state }) => state.name === name)?.state.url
  return [
    {
      method: 'GET',
      path: '/api/services/:name/openapi',
      for: 'page',
      async handle({ response, params: { name } }) {
        const url = urlOf(name)
        if (url === undefined) return sendError(response, 404, `${name} does not run`)
        const specification = await fetch(`${url}/openapi/spec.json`, { signal: AbortSignal.timeout(timeoutMs) }).catch(
          () => undefined,
        )
        if (!specification?.ok)
          return sendError(response, 404, `${name} has no OpenAPI document: its docs are off, or have an admin port`)
        send(response, 200, 'application/json; charset=utf-8', await specification.text())
      },
    },
    {
      method: 'POST',
      path: '/api/send',
      for: 'page',
      async handle({ request, response }) {
        const sent = sentRequestOf(await readJson(request))
        const url = urlOf(sent.service)
        // Only to the services of dev: the dashboard is no proxy to other hosts.
        if (url === undefined) return sendError(response, 404, `${sent.service} does not run`)
        const token = sent.as && (await tokenOf(sent.as))
        if (sent.as && token === undefined)
          return sendError(
            response,
            404,
            'no issuer of tricube dev runs: no service asks for users, or AUTH_ISSUER names another one',
          )
        const authorization = token !== undefined && { authorization: `Bearer ${token}` }
        sendJson(response, await respond(store, url, { ...sent, headers: { ...sent.headers, ...authorization } }))
      },
    },
  ]
}

const timeoutMs = 30_000
const longestBody = 1024 * 1024

async function respond(store: Store, url: string, sent: SentRequest): Promise<SentResponse> {
  const traceId = randomBytes(16).toString('hex')
  const id = randomBytes(8).toString('hex')
  const startMs = Date.now()
  const began = performance.now()
  const received = await receive(url, sent, `00-${traceId}-${id}-01`)
  const durationMs = performance.now() - began
  const failed = received.failure ?? (received.status! >= 400 ? String(received.status) : undefined)
  store.addSpans([
    {
      traceId,
      id,
      service: 'dashboard',
      name: `${sent.method} ${sent.path.split('?')[0]!}`,
      kind: 'client',
      startMs,
      durationMs,
      ...(failed !== undefined && { error: failed }),
      attributes: {
        'http.request.method': sent.method,
        'url.path': sent.path.split('?')[0]!,
        ...(received.status !== undefined && { 'http.response.status_code': String(received.status) }),
      },
      events: [],
      links: [],
    },
  ])
  return { traceId, durationMs, ...received }
}

type Received = Pick<SentResponse, 'status' | 'headers' | 'body' | 'failure'>

async function receive(
  url: string,
  { method, path, headers, body: text, base64 }: SentRequest,
  traceparent: string,
): Promise<Received> {
  const body = base64 === undefined ? text : Buffer.from(base64, 'base64')
  try {
    const response = await fetch(url + path, {
      method,
      headers: { ...headers, traceparent },
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
      ...(body !== undefined && method !== 'GET' && method !== 'HEAD' && { body }),
    })
    const bytes = Buffer.from(await response.arrayBuffer())
    const type = response.headers.get('content-type') ?? ''
    const isText = /json|text|xml|javascript|x-www-form/.test(type) || bytes.length === 0
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: isText ? cut(bytes.toString(), longestBody) : `(${bytes.length} bytes of ${type || 'an unknown type'})`,
    }
  } catch (error) {
    const { message, cause } = error as Error
    return { failure: cause instanceof Error ? cause.message : message }
  }
}

function sentRequestOf(value: unknown): SentRequest {
  const {
    service,
    method,
    path,
    headers = {},
    body,
    base64,
    as,
  } = (value ?? {}) as Partial<Record<keyof SentRequest, unknown>>
  const isWrong =
    typeof service !== 'string' ||
    !/^[A-Z]{3,10}$/.test(String(method)) ||
    typeof path !== 'string' ||
    !path.startsWith('/') ||
    typeof headers !== 'object' ||
    [body, base64].some((each) => each !== undefined && typeof each !== 'string') ||
    (as !== undefined && !isUser(as))
  if (isWrong) throw new BodyError(400, 'expected service, method, path, headers, body, base64 and as')
  return {
    service,
    method: String(method),
    path,
    headers: headers as Record<string, string>,
    ...(body !== undefined && { body: body as string }),
    ...(base64 !== undefined && { base64: base64 as string }),
    ...(as !== undefined && { as }),
  }
}

function isUser(value: unknown): value is SentUser {
  const { user, scopes } = (value ?? {}) as Partial<Record<keyof SentUser, unknown>>
  return (
    typeof user === 'string' && user !== '' && Array.isArray(scopes) && scopes.every((one) => typeof one === 'string')
  )
}
