import { randomBytes } from 'node:crypto'
import type { DashboardOptions, ManagedService } from '../dashboardOptions.ts'
import { cut } from '../ingest/limits.ts'
import type { SentRequest, SentResponse, SentUser } from '../model/sentRequest.ts'
import { BodyError, readJson } from '../server/body.ts'
import { askService, type ServiceAddress } from '../server/askService.ts'
import { send, sendError, sendJson } from '../server/respond.ts'
import type { Route } from '../server/router.ts'
import type { Store } from '../store/store.ts'

/** What an attempt shows: the description of a service, and the response to a request. */
export function sendRoutes(
  store: Store,
  services: () => readonly ManagedService[],
  tokenOf: DashboardOptions['tokenOf'] = async () => undefined,
): Route[] {
  const find = (name: string | undefined): ManagedService | undefined =>
    services().find(({ state }) => state.name === name)
  return [
    {
      method: 'GET',
      path: '/api/services/:name/openapi',
      for: 'page',
      handle({ response, params: { name } }) {
        const { openapi } = find(name) ?? {}
        if (openapi === undefined)
          return sendError(response, 404, `${name} has no OpenAPI document: \`tricube openapi\` says why`)
        send(response, 200, 'application/json; charset=utf-8', openapi)
      },
    },
    {
      method: 'POST',
      path: '/api/send',
      for: 'page',
      async handle({ request, response }) {
        const sent = sentRequestOf(await readJson(request))
        const service = find(sent.service)?.state
        // Only to the services of dev: the dashboard is no proxy to other hosts.
        if (service?.url === undefined) return sendError(response, 404, `${sent.service} does not run`)
        const token = sent.as && (await tokenOf(sent.as))
        if (sent.as && token === undefined)
          return sendError(
            response,
            404,
            'no issuer of tricube dev runs: no service asks for users, or AUTH_ISSUER names another one',
          )
        const authorization = token !== undefined && { authorization: `Bearer ${token}` }
        sendJson(response, await respond(store, service, { ...sent, headers: { ...sent.headers, ...authorization } }))
      },
    },
  ]
}

const timeoutMs = 30_000
const longestBody = 1024 * 1024

async function respond(store: Store, service: ServiceAddress, sent: SentRequest): Promise<SentResponse> {
  const traceId = randomBytes(16).toString('hex')
  const id = randomBytes(8).toString('hex')
  const startMs = Date.now()
  const began = performance.now()
  const received = await receive(service, sent, `00-${traceId}-${id}-01`)
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
  service: ServiceAddress,
  { method, path, headers, body: text, base64 }: SentRequest,
  traceparent: string,
): Promise<Received> {
  const body = base64 === undefined ? text : Buffer.from(base64, 'base64')
  try {
    const response = await askService(service, { method, path, headers: { ...headers, traceparent }, body, timeoutMs })
    const { 'content-type': type = '', 'content-encoding': encoding } = response.headers
    const { length } = response.body
    const isText = length === 0 || (encoding === undefined && /json|text|xml|javascript|x-www-form/.test(type))
    return {
      status: response.status,
      headers: response.headers,
      body: isText
        ? cut(response.body.toString(), longestBody)
        : `(${length} bytes of ${type || 'an unknown type'}${encoding === undefined ? '' : `, ${encoding}`})`,
    }
  } catch (error) {
    return { failure: (error as Error).message }
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
