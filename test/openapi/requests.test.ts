import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import type { OpenApiDocument } from 'tricube'
import { migrate } from 'tricube/migrations'
import { database } from 'tricube/sql'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import regionService from '../../examples/region-service/service.ts'
import roleService from '../../examples/role-service/service.ts'
import userService from '../../examples/user-service/service.ts'
import { freshDatabase } from '../sql/freshDatabase.ts'
import { requestsOf, type GeneratedRequest } from './requests.ts'

// Check 21: what a service's own document promises holds for any request: the three examples, over sockets and
// PostgreSQL. `npm run faults 21` sends 10,000.
const count = Number(process.env['TRICUBE_TEST_REQUESTS'] ?? 200)

const databases: AsyncDisposable[] = []
const urls: Record<string, string> = {}

beforeAll(async () => {
  vi.stubEnv('LOG_LEVEL', 'silent')
  vi.stubEnv('PORT', '0')
  for (const service of [regionService, roleService, userService]) {
    const fresh = await freshDatabase()
    databases.push(fresh)
    await migrate({ url: fresh.url, directory: service.migrations! })
    await using db = database({ url: fresh.url })
    await db.script(await readFile(service.seed!, 'utf8'))
    const services = Object.entries(urls).map(([name, url]) => `${name}=${new URL(url).host}`)
    vi.stubEnv('DATABASE_URL', fresh.url)
    vi.stubEnv('TRICUBE_SERVICES', services.join())
    urls[service.name] = (await service.listen()).url
  }
})
afterAll(async () => {
  vi.unstubAllEnvs()
  for (const service of [userService, roleService, regionService]) await service.close()
  for (const fresh of databases) await fresh[Symbol.asyncDispose]()
})

it(
  `${count} requests: valid ones get a documented response, invalid ones a 4xx, none a 5xx`,
  { timeout: 600_000 },
  async ({ task }) => {
    const documents = await Promise.all(
      Object.entries(urls).map(async ([name, url]) => {
        const document = (await (await fetch(`${url}/openapi/spec.json`)).json()) as OpenApiDocument
        return requestsOf(document).map((request) => ({ service: name, request }))
      }),
    )
    const sent = { valid: 0, mutated: 0, statuses: {} as Record<number, number> }
    await fc.assert(
      fc.asyncProperty(fc.oneof(...documents), async ({ service, request }) => {
        const { status, body } = await send(urls[service]!, request)
        sent[request.mutation === undefined ? 'valid' : 'mutated']++
        sent.statuses[status] = (sent.statuses[status] ?? 0) + 1
        const what = `${service}: ${JSON.stringify({ ...request, responses: undefined }).slice(0, 2000)} → ${status} ${body.slice(0, 2000)}`
        expect(status, what).toBeLessThan(500)
        if (request.mutation !== undefined) {
          expect(status, what).toBeGreaterThanOrEqual(400)
          return
        }
        const matches = request.responses.get(status)
        expect(matches, `undocumented: ${what}`).toBeDefined()
        expect(matches!(JSON.parse(body)), `${what}: ${JSON.stringify(matches!.errors)}`).toBe(true)
      }),
      { numRuns: count },
    )
    Object.assign(task.meta, { sent })
    expect(Math.min(sent.valid, sent.mutated)).toBeGreaterThan(count / 3)
    expect(sent.statuses[200], 'enough that succeeds').toBeGreaterThan(count / 10)
  },
)

async function send(url: string, { method, path, body, contentType }: GeneratedRequest) {
  const headers = contentType === undefined ? {} : { 'content-type': contentType }
  const response = await fetch(url + path, { method, headers, ...(body !== undefined && { body }) })
  return { status: response.status, body: await response.text() }
}
