import { ownVersion } from '../load/own.ts'
import { dataRoutes } from './api/data.ts'
import { eventRoutes } from './api/events.ts'
import { ingestRoutes, openIngestRoutes } from './api/ingest.ts'
import { jobRoutes } from './api/jobs.ts'
import { logQueryOf, logRoutes } from './api/logs.ts'
import { declaredOf, mapRoute } from './api/map.ts'
import { sendRoutes } from './api/send.ts'
import { serviceRoutes } from './api/services.ts'
import { LiveStream } from './api/stream.ts'
import { traceFileRoutes } from './api/traceFiles.ts'
import { numberOf, traceQueryOf, traceRoutes } from './api/traces.ts'
import { workRoute } from './api/work.ts'
import type { DashboardOptions } from './dashboardOptions.ts'
import { HealthProbes } from './health.ts'
import { exportedIn } from './ingest/file.ts'
import { zipkinSpans } from './ingest/zipkin.ts'
import type { DashboardState, DevMessage, ServiceRow } from './model/state.ts'
import { assetRoutes } from './server/assets.ts'
import { Databases } from './server/databases.ts'
import type { Access } from './server/guard.ts'
import { listen } from './server/listen.ts'
import { sendError, sendJson } from './server/respond.ts'
import type { Route } from './server/router.ts'
import { dashboardServer, pageRoute } from './server/server.ts'
import { programKey, tokenOf } from './server/token.ts'
import { openStore } from './store/store.ts'

/** An open dashboard. */
export interface Dashboard {
  /** The URL with the token. */
  readonly url: string
  /** Where a dashboard of its own listens for OTLP. */
  readonly otlpUrl: string | undefined
  /** Adds spans in Zipkin's JSON, as the services of `tricube dev` send them. */
  readonly addZipkin: (body: unknown) => void
  /** Adds a line that a service printed. */
  addLine(service: string, line: string): void
  /** Adds the text of a file of exported traces; returns how many were found. */
  addExport(text: string): { readonly traces: number; readonly spans: number; readonly lines: number }
  /** Adds a line about `tricube dev` itself. */
  addMessage(level: DevMessage['level'], text: string): void
  close(): Promise<void>
}

const mostMessages = 50

/**
 * Opens the dashboard on a port of this machine, with what it knew when it was closed.
 *
 * @throws {Error} in production without a token of the user's, and when a token is too short
 */
export async function openDashboard(options: DashboardOptions): Promise<Dashboard> {
  const { project, folder, port, reservedPorts = new Set(), hosts = [], services, onProblem } = options
  rejectProduction(options.token)
  const store = await openStore({
    folder,
    onError: (error) => onProblem(`the dashboard cannot write to ${folder}: ${error.message}; it goes on in memory`),
  })
  const token = options.token ?? (await tokenOf(folder))
  const key = programKey(token)
  const databases = new Databases()
  const messages: DevMessage[] = []
  let messageCount = 0
  const rows = (): ServiceRow[] => {
    const now = Date.now()
    const managed = services().map(({ state }): ServiceRow => {
      const reason = state.status === 'ready' ? probes.reason(state.name) : undefined
      const unhealthy = reason === undefined ? {} : { status: 'unhealthy' as const, reason }
      return { ...state, ...unhealthy, isManaged: true, rates: store.rates(state.name, now) }
    })
    const known = new Set(managed.map(({ name }) => name))
    const others = store.services.filter((name) => !known.has(name))
    return [
      ...managed,
      ...others.map((name): ServiceRow => ({
        name,
        status: 'remote',
        isManaged: false,
        rates: store.rates(name, now),
      })),
    ]
  }
  const stream = new LiveStream({
    store,
    services: rows,
    messageCount: () => messageCount,
    messages: () => messages,
  })
  const probes = new HealthProbes({
    targets: () => services().map(({ state }) => state),
    isWatched: () => stream.isWatched,
  })
  const state: Route = {
    method: 'GET',
    path: '/api/state',
    for: 'page',
    handle({ response }) {
      const { tracesOff, alone } = options
      const all = { project, version: ownVersion, otlpPath: `otlp/${key}`, services: rows(), messages }
      sendJson(response, {
        ...all,
        ...(tracesOff !== undefined && { tracesOff }),
        ...(alone && { alone: otlpUrl === undefined ? {} : { otlpUrl } }),
      } satisfies DashboardState)
    },
  }
  const live: Route = {
    method: 'GET',
    path: '/api/stream',
    for: 'page',
    handle({ response, query }) {
      const topics = new Set(query.get('topics')?.split(','))
      stream.open(response, {
        services: topics.has('services'),
        traces: topics.has('traces') ? traceQueryOf(query) : undefined,
        logs: topics.has('logs') ? logQueryOf(query) : undefined,
        afterLine: numberOf(query, 'afterLine', Infinity),
        afterChange: numberOf(query, 'afterChange', Infinity),
      })
    },
  }
  const clear: Route = {
    method: 'POST',
    path: '/api/clear/:what',
    for: 'page',
    async handle({ response, params: { what } }) {
      if (what !== 'traces' && what !== 'logs') return sendError(response, 404, 'clear traces or logs')
      await store.clear(what)
      sendJson(response, {})
    },
  }
  let access: Access = { token, cookieName: '', hosts: new Set(hosts) }
  const server = dashboardServer(
    () => access,
    [
      pageRoute(() => access),
      ...assetRoutes(),
      state,
      live,
      clear,
      ...traceRoutes(store),
      ...logRoutes(store),
      ...serviceRoutes(services),
      ...sendRoutes(store, services, options.tokenOf),
      ...dataRoutes({ store, services, databases: options.databases ?? (() => Promise.resolve([])) }),
      ...traceFileRoutes(store),
      workRoute({ services, databases }),
      ...jobRoutes({ services, databases }),
      ...eventRoutes({ services, databases }),
      mapRoute(store, () => declaredOf(services(), store.services)),
      ...ingestRoutes(store, key),
    ],
  )
  const { otlpPort } = options.alone ?? {}
  const ingest = otlpPort === undefined ? undefined : dashboardServer(() => access, openIngestRoutes(store))
  const otlpTaken = ingest && (await listen(ingest, otlpPort!, reservedPorts))
  const otlpUrl = otlpTaken === undefined ? undefined : `http://127.0.0.1:${otlpTaken}`
  const taken = await listen(server, port, reservedPorts)
  // Cookies do not know ports: each dashboard of this machine has its own.
  access = { ...access, cookieName: `tricube-dashboard-${taken}` }
  return {
    url: `http://127.0.0.1:${taken}/?token=${token}`,
    otlpUrl,
    addZipkin: (body) => store.addSpans(zipkinSpans(body)),
    addExport(text) {
      const { spans, lines } = exportedIn(text, Date.now())
      store.addSpans(spans)
      for (const line of lines) store.addLine(line)
      return { traces: new Set(spans.map(({ traceId }) => traceId)).size, spans: spans.length, lines: lines.length }
    },
    addLine: (service, line) => store.addText(service, line),
    addMessage(level, text) {
      messages.push({ atMs: Date.now(), level, text })
      if (messages.length > mostMessages) messages.shift()
      messageCount++
    },
    async close() {
      probes.close()
      stream.close()
      server.close()
      server.closeAllConnections()
      ingest?.close()
      ingest?.closeAllConnections()
      await Promise.all([store.close(), databases.close()])
    },
  }
}

const shortestToken = 16

/** What services do in production is not for everybody who has an account on the machine. */
function rejectProduction(token: string | undefined): void {
  if (token === undefined && process.env['NODE_ENV'] === 'production') {
    throw new Error('NODE_ENV is production; set TRICUBE_DASHBOARD_TOKEN to a secret to open it all the same')
  }
  if (token !== undefined && !/^[\w-]+$/.test(token)) {
    throw new Error('TRICUBE_DASHBOARD_TOKEN must have only letters, digits, - and _')
  }
  if (token !== undefined && token.length < shortestToken) {
    throw new Error(`TRICUBE_DASHBOARD_TOKEN must have at least ${shortestToken} characters, got ${token.length}`)
  }
}
