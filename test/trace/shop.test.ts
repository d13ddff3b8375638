/** The example shop over sockets, as `tricube dev` runs it: events travel over its feeds, and traces follow an order. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Service } from 'tricube'
import { migrate } from 'tricube/migrations'
import { database } from 'tricube/sql'
import { afterEach, expect, it, vi } from 'vitest'
import bank from '../../examples/shop/bank/service.ts'
import catalog from '../../examples/shop/catalog-service/service.ts'
import mails from '../../examples/shop/mail-service/service.ts'
import orders from '../../examples/shop/order-service/service.ts'
import payments from '../../examples/shop/payment-service/service.ts'
import { devIssuer } from '../../src/devIssuer/devIssuer.ts'
import { freePort } from '../../src/postgres/free-port.ts'
import { directDatabase } from '../sql/freshDatabase.ts'
import { collector, status } from './collector.ts'
import { validSpans, type ZipkinSpan } from './zipkinSchema.ts'

let token: string
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
  vi.unstubAllEnvs()
})

/** Gives the order service a key by which it calls others. */
async function serviceKeys(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tricube-keys-'))
  cleanups.push(() => rm(folder, { recursive: true }))
  const { privateKey, publicKey } = generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  await writeFile(join(folder, 'order-service.pem'), publicKey)
  await writeFile(join(folder, 'private'), privateKey)
  vi.stubEnv('SERVICE_KEYS_DIR', folder)
  vi.stubEnv('SERVICE_KEY_FILE', join(folder, 'private'))
}

/** Starts a service of the shop over a database of its own. */
async function start(service: Service, port: number): Promise<void> {
  const own = await directDatabase()
  cleanups.push(() => own[Symbol.asyncDispose]())
  if (service.migrations) await migrate({ url: own.url, directory: service.migrations })
  if (service.seed) {
    await using db = database({ url: own.url })
    await db.script(await readFile(service.seed, 'utf8'))
  }
  vi.stubEnv('DATABASE_URL', own.url)
  vi.stubEnv('PORT', String(port))
  await service.listen()
  cleanups.push(() => service.close())
}

async function dataOf<Data>(url: string, body?: object): Promise<Data> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
  const response = await fetch(url, { headers, ...(body && { method: 'POST', body: JSON.stringify(body) }) })
  return ((await response.json()) as { data: Data }).data
}

it('takes an order from its request to its mail, and a trace leads to the next', async () => {
  await using zipkin = await collector(status(202))
  vi.stubEnv('OTEL_EXPORTER_ZIPKIN_ENDPOINT', `${zipkin.url}/api/v2/spans`)
  vi.stubEnv('LOG_LEVEL', 'silent')
  const services = [catalog, orders, payments, mails, bank]
  const issuer = await devIssuer({ audience: () => services.map(({ name }) => name) })
  cleanups.push(() => issuer.stop())
  token = await issuer.token({ user: 'ann', scopes: ['orders:read', 'orders:write'] })
  vi.stubEnv('AUTH_ISSUER', issuer.url)
  await serviceKeys()
  const ports = new Map<string, number>()
  for (const { name } of services) ports.set(name, await freePort())
  vi.stubEnv('TRICUBE_SERVICES', [...ports].map(([name, port]) => `${name}=127.0.0.1:${port}`).join(','))
  vi.stubEnv('BANK_URL', `http://127.0.0.1:${ports.get('bank')}`)
  for (const service of services) await start(service, ports.get(service.name)!)
  const at = (service: string, path: string): string => `http://127.0.0.1:${ports.get(service)}${path}`

  const { id } = await dataOf<{ id: number }>(at('order-service', '/orders'), {
    product_id: 2,
    quantity: 3,
    email: 'li.lei@example.com',
    card: 'visa',
  })
  await expect
    .poll(() => dataOf(at('mail-service', '/mails')), { timeout: 20_000 })
    .toEqual([{ recipient: 'li.lei@example.com', subject: `Thank you for order ${id}` }])
  expect(await dataOf(at('order-service', `/orders/${id}`))).toMatchObject({ state: 'paid' })
  expect(await dataOf(at('catalog-service', '/products/2'))).toMatchObject({ stock: 0 })
  for (const service of services) await service.close()

  const spans = zipkin.received.flatMap(({ body }) => validSpans(body.toString()))
  const chain = ['placeOrder', 'on reserve', 'on pay', 'on thank', 'sendMail'].map((name) => traceOf(spans, name))
  const causes = chain.map(({ cause }) => cause)
  expect(causes).toEqual([undefined, ...chain.slice(0, -1).map(({ traceId }) => traceId)])
  expect(spans.find(({ name }) => name === 'charge')).toMatchObject({ traceId: chain[2]!.traceId })
}, 60_000)

/** The trace that a span is in, and the one that the span links to. */
function traceOf(spans: readonly ZipkinSpan[], name: string): { traceId: string; cause: string | undefined } {
  const span = spans.find((one) => one.name === name)
  expect(span, name).toBeDefined()
  const { traceId, tags } = span!
  return { traceId, cause: tags?.['link.0']?.split('-')[0] }
}
