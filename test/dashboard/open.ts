/** Opens a dashboard for a test, with services that a test can steer. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { openDashboard, type Dashboard } from '../../src/dashboard/dashboard.ts'
import type { DashboardOptions, ManagedService } from '../../src/dashboard/dashboardOptions.ts'

export interface OpenDashboard extends Dashboard {
  readonly origin: string
  readonly token: string
  readonly problems: readonly string[]
  /** Sends a request with the cookie, as the page does. */
  readonly ask: (path: string, init?: RequestInit) => Promise<Response>
  /** Sends a change with the cookie and the header. */
  readonly change: (path: string) => Promise<Response>
  readonly json: (path: string) => Promise<any>
}

/** A folder that is deleted when the test ends. */
export async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tricube-dashboard-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export async function open(options: Partial<DashboardOptions> = {}): Promise<OpenDashboard> {
  const problems: string[] = []
  const dashboard = await openDashboard({
    project: 'shop',
    folder: options.folder ?? (await emptyFolder()),
    port: 0,
    services: () => [],
    onProblem: (problem) => void problems.push(problem),
    ...options,
  })
  onTestFinished(() => dashboard.close())
  const { origin, searchParams, port } = new URL(dashboard.url)
  const token = searchParams.get('token')!
  const cookie = `tricube-dashboard-${port}=${token}`
  const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${origin}${path}`, { ...init, headers: { cookie, ...(init.headers as Record<string, string>) } })
  return {
    ...dashboard,
    origin,
    token,
    problems,
    ask,
    change: (path) => ask(path, { method: 'POST', headers: { 'x-tricube-dashboard': '1' } }),
    json: async (path) => (await ask(path)).json(),
  }
}

/** A service whose state changes as it is told to. */
export function steerable(name: string, more: Partial<ManagedService['state']> = {}): ManagedService {
  let status: ManagedService['state']['status'] = 'ready'
  const service = {
    get state() {
      return { name, status, url: 'http://127.0.0.1:9', sinceMs: Date.now() - 90_000, pid: 4711, ...more }
    },
    start: async () => void (status = 'ready'),
    stop: async () => void (status = 'stopped'),
    restart: async () => void (status = 'ready'),
    settings: async () => [
      { variable: 'LOG_LEVEL', value: 'debug', source: 'environment' },
      { variable: 'PORT', value: '8010', source: 'default' },
      { variable: 'DATABASE_URL', value: '(secret)', source: 'environment' },
    ],
  } satisfies ManagedService
  return service
}

let lastId = 0

/** A new id of 16 digits. */
export function spanId(): string {
  return (++lastId).toString(16).padStart(16, '0')
}

export interface ZipkinFields {
  readonly traceId?: string
  readonly id?: string
  readonly parentId?: string
  readonly service?: string
  readonly name?: string
  readonly kind?: string
  readonly atMs?: number
  readonly ms?: number
  readonly tags?: Readonly<Record<string, string>>
  readonly annotations?: readonly { timestamp: number; value: string }[]
}

/** A span as the services of `tricube dev` send it. */
export function zipkin({ service = 'user-service', atMs = Date.now(), ms = 10, ...fields }: ZipkinFields): object {
  return {
    traceId: spanId().padStart(32, 'a'),
    id: spanId(),
    name: 'getUser',
    kind: 'SERVER',
    timestamp: Math.round(atMs * 1000),
    duration: Math.round(ms * 1000),
    localEndpoint: { serviceName: service },
    tags: {},
    ...fields,
  }
}

/** An access line. */
export function accessLine(fields: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    level: 'info',
    time: new Date().toISOString(),
    service: 'user-service',
    operation: 'getUser',
    method: 'GET',
    path: '/users/1',
    status: 200,
    duration_ms: 12.5,
    msg: 'request',
    ...fields,
  })
}
