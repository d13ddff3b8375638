import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { readPage } from './assets.ts'
import { BodyError } from './body.ts'
import { checkChange, checkHost, checkOrigin, hasCookie, isEqual, type Access, type Rejection } from './guard.ts'
import { send, sendError } from './respond.ts'
import { router, type Route } from './router.ts'

/** Creates the server of these routes. */
export function dashboardServer(access: () => Access, routes: readonly Route[]): Server {
  const routeOf = router(routes)
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://dashboard')
    const rejection = checkHost(request, access())
    if (rejection) return sendError(response, rejection.status, rejection.reason)
    const match = routeOf(request.method ?? 'GET', pathname)
    if (match === undefined) return sendError(response, 404, 'there is no such page')
    if (match === 'method') return sendError(response, 405, 'this method is not allowed here')
    const { route, params } = match
    const denied = denial(request, route, access())
    if (denied) return sendError(response, denied.status, denied.reason)
    await route.handle({ request, response, params, query: searchParams })
  }
  return createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      // An unexpected error ends this request, not the services beside it.
      if (response.headersSent) {
        response.destroy()
        return
      }
      const isExpected = error instanceof BodyError
      sendError(
        response,
        isExpected ? error.status : 500,
        isExpected ? error.message : `the dashboard failed: ${String(error)}`,
      )
      request.resume()
    })
  })
}

function denial(request: IncomingMessage, route: Route, access: Access): Rejection | undefined {
  if (route.for === 'public') return undefined
  if (route.for === 'program') return isOfBrowser(request) ? { status: 403, reason: 'this is for programs' } : undefined
  const foreign = checkOrigin(request, access)
  if (foreign) return foreign
  if (!hasCookie(request, access)) return { status: 401, reason: 'open the URL that tricube has printed' }
  return route.method === 'POST' ? checkChange(request) : undefined
}

function isOfBrowser({ headers }: IncomingMessage): boolean {
  return headers.origin !== undefined || headers['sec-fetch-site'] !== undefined
}

/**
 * The page, at `GET /`, which takes the token of the first URL. It is no secret: what it shows comes from the API, with the
 * cookie. A link in another site opens it without the cookie, because that is `SameSite=Strict`; its own requests then
 * have it. Therefore there is no redirect.
 */
export function pageRoute(access: () => Access): Route {
  return {
    method: 'GET',
    path: '/',
    for: 'public',
    async handle({ request, response, query }) {
      const { token, cookieName } = access()
      const isOpening = isEqual(query.get('token') ?? '', token)
      const cookie = `${cookieName}=${token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000`
      const status = isOpening || hasCookie(request, access()) ? 200 : 401
      send(response, status, 'text/html; charset=utf-8', await readPage(), isOpening ? { 'set-cookie': cookie } : {})
    },
  }
}
