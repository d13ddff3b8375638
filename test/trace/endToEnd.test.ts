import { readFile } from 'node:fs/promises'
import type { Service } from 'tricube'
import { migrate } from 'tricube/migrations'
import { database } from 'tricube/sql'
import { afterEach, expect, it, vi } from 'vitest'
import regions from '../../examples/region-service/service.ts'
import roles from '../../examples/role-service/service.ts'
import users from '../../examples/user-service/service.ts'
import { freshDatabase } from '../sql/freshDatabase.ts'
import { collector, status } from './collector.ts'
import { validSpans, type ZipkinSpan } from './zipkinSchema.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
  vi.unstubAllEnvs()
})

/** Starts an example over a seeded database of its own; resolves to its URL. */
async function start(service: Service): Promise<string> {
  const own = await freshDatabase()
  cleanups.push(() => own[Symbol.asyncDispose]())
  await migrate({ url: own.url, directory: service.migrations! })
  await using db = database({ url: own.url })
  await db.script(await readFile(service.seed!, 'utf8'))
  vi.stubEnv('DATABASE_URL', own.url)
  const { url } = await service.listen()
  cleanups.push(() => service.close())
  return url
}

it('shows one request through three services as one trace', async () => {
  await using zipkin = await collector(status(202))
  vi.stubEnv('OTEL_EXPORTER_ZIPKIN_ENDPOINT', `${zipkin.url}/api/v2/spans`)
  vi.stubEnv('LOG_LEVEL', 'silent')
  vi.stubEnv('PORT', '0')
  const callees = [
    `role-service=${new URL(await start(roles)).host}`,
    `region-service=${new URL(await start(regions)).host}`,
  ]
  vi.stubEnv('TRICUBE_SERVICES', callees.join(','))
  const url = await start(users)

  const response = await fetch(`${url}/users/1`)
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({ data: { id: 1, role: { id: 1 } } })
  for (const service of [users, regions, roles]) await service.close()

  expect(new Set(zipkin.received.map((request) => request.url))).toEqual(new Set(['/api/v2/spans']))
  const spans = zipkin.received.flatMap(({ body }) => validSpans(body.toString()))
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1)
  expect(tree(spans, undefined)).toEqual([
    [
      'user-service SERVER getUser',
      ['user-service CLIENT SELECT users'],
      [
        'user-service CLIENT region-service.getCity',
        ['region-service SERVER getCity', ['region-service CLIENT SELECT cities']],
      ],
      [
        'user-service CLIENT role-service.getRole',
        ['role-service SERVER getRole', ['role-service CLIENT SELECT roles']],
      ],
    ],
  ])

  const byId = new Map(spans.map((span) => [span.id, span]))
  for (const span of spans) {
    const parent = byId.get(span.parentId ?? '')
    if (!parent) continue
    expect(span.timestamp).toBeGreaterThanOrEqual(parent.timestamp - clockToleranceUs)
    const isCallee = span.kind === 'SERVER'
    expect(end(span)).toBeLessThanOrEqual(end(parent) + (isCallee ? hearingToleranceUs : clockToleranceUs))
  }
  const named = (name: string): ZipkinSpan => spans.find((span) => span.name === name)!
  // Both calls were in flight at the same time, after the statement.
  expect(named('region-service.getCity').timestamp).toBeLessThan(end(named('role-service.getRole')))
  expect(named('role-service.getRole').timestamp).toBeLessThan(end(named('region-service.getCity')))
  expect(named('region-service.getCity').timestamp).toBeGreaterThanOrEqual(end(named('SELECT users')))
  expect(named('getUser').tags).toMatchObject({
    'http.request.method': 'GET',
    'http.route': '/users/:id',
    'http.response.status_code': '200',
    'url.path': '/users/1',
  })
  expect(named('SELECT users').tags).toMatchObject({
    'db.system.name': 'postgresql',
    'db.query.text': 'SELECT id, name, age, city_id, role_id, create_time FROM users WHERE id = $1',
    'db.response.returned_rows': '1',
  })
  expect(named('role-service.getRole')).toMatchObject({
    remoteEndpoint: { serviceName: 'role-service' },
    tags: { 'url.template': '/roles/:id', 'server.address': '127.0.0.1', 'http.response.status_code': '200' },
  })
})

/** The clocks of two batches may differ by what the wall clock was moved in between; within a process by nothing. */
const clockToleranceUs = 1000
/** A service records that its response was sent in a later turn. The caller may have read it by then. */
const hearingToleranceUs = 100_000

function end({ timestamp, duration }: ZipkinSpan): number {
  return timestamp + duration
}

type Tree = [string, ...Tree[]]

function tree(spans: readonly ZipkinSpan[], parentId: string | undefined): Tree[] {
  return spans
    .filter((span) => span.parentId === parentId)
    .map((span): Tree => [`${span.localEndpoint.serviceName} ${span.kind} ${span.name}`, ...tree(spans, span.id)])
    .toSorted(([a], [b]) => order(a) - order(b))
}

function order(title: string): number {
  return ['SELECT users', 'region-service.getCity', 'role-service.getRole'].findIndex((name) => title.endsWith(name))
}
