import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { contract, jobs, NotFound, service, ServiceUnavailable, t, type Service } from 'tricube'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { freshDatabase } from '../sql/freshDatabase.ts'
import { parse, type Sample } from './parse.ts'

const promtool = process.env['TRICUBE_TEST_PROMTOOL'] ?? 'promtool'

const callee = contract('callee-service', {
  greet: { route: 'GET /greet', returns: t.String() },
  fail: { route: 'GET /fail', returns: t.String() },
})
const caller = contract('caller-service', {
  ask: { route: 'GET /ask/:what', returns: t.Unknown() },
  place: {
    route: 'POST /orders',
    rateLimit: { key: 'ip', limit: 100, windowMs: 1000 },
    body: t.Object({ kind: t.String() }),
    returns: t.Unknown(),
  },
})

/** A service that works besides its requests. */
const news = contract('news-service', {}, { events: { happened: { payload: t.Null() } } })
const workerJobs = jobs({ work: {} })

let services: Service[]
let url: string
let workerUrl: string
let database: AsyncDisposable & { url: string }

beforeAll(async () => {
  database = await freshDatabase()
  const other = service(callee, {
    handlers: {
      greet: () => 'yes',
      fail: () => {
        throw new ServiceUnavailable('not now')
      },
    },
  })
  const otherUrl = (await withEnvironment({}, () => other.listen())).url
  const asking = service(caller, {
    clients: { other: callee },
    handlers: {
      ask: async ({ params, clients: { other }, db }) => {
        if (params.what === 'nothing') throw new NotFound('nothing')
        if (params.what === 'database') return db.value<number>`SELECT 1`
        return params.what === 'greet' ? other.greet() : other.fail()
      },
      place: ({ body, metrics }) => {
        const help = 'Orders placed.'
        metrics
          .counter('orders_placed_total', { help, labels: ['kind'] })
          .labels({ kind: body.kind })
          .inc()
        return null
      },
    },
    hooks: {
      beforeStart: ({ metrics }) => metrics.gauge('orders_open', { help: 'Orders that are open.' }).set(7),
    },
  })
  const env = { DATABASE_URL: database.url, TRICUBE_SERVICES: `callee-service=${new URL(otherUrl).host}` }
  url = (await withEnvironment(env, () => asking.listen())).url
  let enqueue: () => Promise<unknown> = async () => {}
  const working = service(contract('worker-service', {}), {
    models: {},
    handlers: {},
    jobs: workerJobs,
    jobHandlers: { work() {} },
    subscriptions: { hear: { event: news.events.happened, handler() {} } },
    hooks: { beforeStart: ({ db }) => void (enqueue = () => db!.enqueue(workerJobs.work)) },
  })
  workerUrl = (await withEnvironment(env, () => working.listen())).url
  await enqueue()
  services = [asking, other, working]
  await get('/ask/greet')
  await get('/ask/greet')
  await get('/ask/fail')
  await get('/ask/nothing')
  await get('/ask/database')
  await get('/stray')
  await fetch(`${url}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"kind":"gift"}',
  })
  // A response arrives before its request has ended.
  await vi.waitFor(async () => expect(await value('http_server_active_requests')).toBe(1))
})
afterAll(async () => {
  for (const each of services) await each.close()
  await database[Symbol.asyncDispose]()
})

/** What the service tells of itself. */
async function scrape(): Promise<Sample[]> {
  return parse(await get('/metrics')).samples
}

async function get(path: string, headers: Record<string, string> = {}): Promise<string> {
  return (await fetch(url + path, { headers })).text()
}

async function ofWorker(): Promise<string> {
  return (await fetch(`${workerUrl}/metrics`)).text()
}

async function value(name: string, labels: Record<string, string> = {}): Promise<number | undefined> {
  const same = (sample: Sample): boolean =>
    sample.name === name && Object.entries(labels).every(([label, text]) => sample.labels[label] === text)
  return (await scrape()).find(same)?.value
}

describe('/metrics', () => {
  it('counts requests by operation and status, under the names of OpenTelemetry', async () => {
    const count = (operation: string, http_response_status_code: string, more = {}) =>
      value('http_server_request_duration_seconds_count', { operation, http_response_status_code, ...more })
    expect(await count('ask', '200', { http_request_method: 'GET', http_route: '/ask/:what' })).toBe(3)
    expect(await count('ask', '404', { url_scheme: 'http' })).toBe(1)
    expect(await count('ask', '503', { error_type: '503' })).toBe(1)
    expect(await count('place', '200', { http_request_method: 'POST', http_route: '/orders' })).toBe(1)
    expect(await count('place', '500')).toBe(0) // an error that comes first is a rise from 0
    expect(await count('(other)', '404', { http_request_method: 'GET' })).toBe(1)
    expect(await value('http_server_active_requests')).toBe(1) // this one
    const fine = (await scrape()).find(({ labels }) => labels['http_response_status_code'] === '200')
    expect(fine!.labels['error_type']).toBe('')
  })

  it('counts all unknown methods as one', async () => {
    const methods = ['PROPFIND', 'PURGE', 'MKCOL', 'LOCK']
    for (const method of methods) await fetch(`${url}/nowhere`, { method })
    await fetch(`${url}/ask/greet`, { method: 'HEAD' })
    const count = (http_request_method: string, more = {}) =>
      value('http_server_request_duration_seconds_count', { http_request_method, ...more })
    await expect.poll(() => count('_OTHER', { operation: '(other)' })).toBe(methods.length)
    await expect.poll(() => count('HEAD', { operation: 'ask', http_route: '/ask/:what' })).toBe(1)
    for (const method of methods) expect(await count(method)).toBeUndefined()
  })

  it('counts calls to other services, retries and hedges', async () => {
    const server_address = 'callee-service'
    const count = (operation: string, http_response_status_code: string, more = {}) =>
      value('http_client_request_duration_seconds_count', {
        server_address,
        operation,
        http_response_status_code,
        ...more,
      })
    expect(await count('greet', '200', { http_request_method: 'GET' })).toBe(3)
    expect(await count('fail', '503', { error_type: '503' })).toBe(1)
    expect(await value('http_client_request_duration_seconds_count', { error_type: 'ServiceUnavailable' })).toBe(0)
    const target = 'callee-service'
    expect(await value('tricube_client_retries_total', { target })).toBe(2)
    expect(await value('tricube_client_breaker_rejections_total', { target })).toBe(0)
    expect(await value('tricube_client_ejections_total', { target })).toBe(0)
    expect(await value('tricube_client_instances', { target, state: 'used' })).toBe(1)
  })

  it('counts ejections and rejected calls while a service is down', async () => {
    const gone = service(callee, { handlers: { greet: () => '', fail: () => '' } })
    const { url: closed } = await withEnvironment({}, () => gone.listen())
    await gone.close()
    const asking = service(caller, {
      clients: { other: callee },
      handlers: { ask: ({ clients: { other } }) => other.greet(), place: () => null },
    })
    const env = { TRICUBE_SERVICES: `callee-service=${new URL(closed).host}`, PORT: '0' }
    await withEnvironment(env, () => asking.inject('/health/live'))
    for (let i = 0; i < 100; i++) await asking.inject('/ask/greet')
    const { samples } = parse((await asking.inject('/metrics')).body)
    const of = (name: string, labels = {}): number =>
      samples.find((one) => one.name === name && Object.entries(labels).every(([k, v]) => one.labels[k] === v))!.value
    expect(of('tricube_client_ejections_total')).toBeGreaterThan(0)
    expect(of('tricube_client_instances', { state: 'ejected' })).toBe(1)
    expect(of('tricube_client_breaker_rejections_total')).toBeGreaterThan(0)
    expect(of('http_client_request_duration_seconds_count', { error_type: 'ServiceUnavailable' })).toBe(100)
    await asking.close()
  })

  it('has metrics of the database, the span recorder and the process', async () => {
    expect(await value('db_client_lanes', { server: 'primary', state: 'up' })).toBeGreaterThan(0)
    expect(await value('db_client_connections', { server: 'primary', state: 'used' })).toBe(0)
    expect(await value('tricube_spans_dropped_total')).toBe(0)
    expect(await value('process_resident_memory_bytes')).toBeGreaterThan(1e7)
    expect(await value('process_cpu_seconds_total')).toBeGreaterThan(0)
    expect(await value('nodejs_eventloop_time_seconds_total', { state: 'active' })).toBeGreaterThan(0)
    expect(await value('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThanOrEqual(0)
    expect((Date.now() / 1000 - (await value('process_start_time_seconds'))!) / process.uptime()).toBeCloseTo(1, 0)
    const build = { service: 'caller-service', node: process.versions.node }
    expect(await value('tricube_build_info', build)).toBe(1)
  })

  it("has the service's own metrics", async () => {
    expect(await value('orders_placed_total', { kind: 'gift' })).toBe(1)
    expect(await value('orders_open')).toBe(7)
  })

  it('responds with OpenMetrics to a scraper that prefers it', async () => {
    const response = await fetch(`${url}/metrics`, { headers: { accept: 'application/openmetrics-text' } })
    expect(response.headers.get('content-type')).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8')
    expect((await response.text()).endsWith('# EOF\n')).toBe(true)
  })

  it.skipIf(!hasPromtool())('passes promtool', async () => {
    const input = await get('/metrics')
    const { status, stdout, stderr } = spawnSync(promtool, ['check', 'metrics'], { input, encoding: 'utf8' })
    expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' })
  })

  it('responds with 404 when it is turned off', async () => {
    const app = service(callee, { handlers: { greet: () => '', fail: () => '' } })
    await withEnvironment({ OTEL_METRICS_EXPORTER: 'none' }, () => app.inject('/greet'))
    expect((await app.inject('/metrics')).json()).toMatchObject({ code: 40400, error: 'metrics are turned off' })
    await app.close()
  })
})

describe('the dashboard', () => {
  const dashboard = readFileSync(new URL('../../deploy/grafana/tricube.json', import.meta.url), 'utf8')
  const queries = JSON.parse(dashboard).panels.flatMap((panel: { targets?: { expr: string }[] }) =>
    (panel.targets ?? []).map(({ expr }) => expr),
  ) as string[]

  it('queries only existing metrics by existing labels', async () => {
    await vi.waitFor(async () => expect(await ofWorker()).toContain('tricube_job_attempts_total{'))
    const { samples, types } = parse((await get('/metrics')) + (await ofWorker()))
    for (const query of queries) {
      const [, name = '', selector = ''] = /([a-z][a-z0-9_]+_[a-z0-9_]+)\{([^}]*)\}/.exec(query) ?? []
      const family = Object.hasOwn(types, name) ? name : name.replace(/_(?:bucket|sum|count)$/, '')
      expect(types, query).toHaveProperty(family)
      const labels = new Set(samples.filter((sample) => sample.name === name).flatMap((one) => Object.keys(one.labels)))
      const used = [...selector.matchAll(/(\w+)=~?"/g), ...query.matchAll(/by \(([^)]*)\)/g)].flatMap(([, names]) =>
        names!.split(', '),
      )
      for (const label of used) {
        if (label !== 'job' && label !== 'instance' && labels.size > 0) expect([...labels], query).toContain(label)
      }
    }
    expect(queries.length).toBeGreaterThan(30)
  })

  it('shows every metric that all services have', async () => {
    const { types } = parse((await get('/metrics')) + (await ofWorker()))
    const shown = queries.join('\n')
    const own = ['orders_placed_total', 'orders_open']
    expect(Object.keys(types).filter((name) => !shown.includes(name) && !own.includes(name))).toEqual([])
  })

  it('equals the output of its script', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/grafana.mjs', '--check'])
    expect({ status, stderr: String(stderr) }).toEqual({ status: 0, stderr: '' })
  })
})

function hasPromtool(): boolean {
  const isThere = spawnSync(promtool, ['--version']).status === 0
  if (!isThere)
    console.warn(
      'there is no promtool (apt-get install prometheus, or TRICUBE_TEST_PROMTOOL): its check of /metrics is left out',
    )
  return isThere
}

async function withEnvironment<Value>(env: Record<string, string>, fn: () => Promise<Value>): Promise<Value> {
  for (const [name, value] of Object.entries({ LOG_LEVEL: 'silent', ...env })) vi.stubEnv(name, value)
  try {
    return await fn()
  } finally {
    vi.unstubAllEnvs()
  }
}
