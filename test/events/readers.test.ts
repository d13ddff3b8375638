/** Which services may read the events of a publisher. */
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { contract, service } from 'tricube'
import type { Database } from 'tricube/sql'
import { describe, expect, it, vi } from 'vitest'
import { authority, type Certificate } from '../http/certificates.ts'
import {
  begun,
  count,
  mirror,
  noted,
  publisher,
  started,
  subscribe,
  urls,
  useServices,
  type Running,
} from './services.ts'

useServices()

it.each([
  { subscribers: 'mirror-service' },
  { subscribers: [''] },
  { subscribers: [], contract: contract('mirror-service', {}) },
])('rejects the definition %o', ({ contract: of = publisher, subscribers }) => {
  expect(() => service(of, { models: {}, handlers: {}, subscribers: subscribers as string[] })).toThrow(
    /subscribers: (expected the names of services|mirror-service has no events)/,
  )
})

describe('a reader of events', () => {
  const start = async (options: object): Promise<Running & { readonly url: string }> => {
    vi.stubEnv('DATABASE_URL', urls().publisher)
    vi.stubEnv('PORT', '0')
    let db!: Database
    const one = service(publisher, {
      models: {},
      handlers: {},
      hooks: { beforeStart: (app) => void (db = app.db!) },
      ...options,
    })
    return started(one, () => db)
  }

  it('is a service in subscribers, and no other', async () => {
    const { url, db } = await start({ subscribers: ['mirror-service', 'stock-service'] })
    await subscribe(url)
    await begun()
    await db.publish(noted, { key: 1, n: 1 })
    await expect.poll(count).toBe(1)
    const of = async (query: string) => {
      const response = await fetch(`${url}/tricube/events?names=noted${query}`)
      return [response.status, ((await response.json()) as { error?: string }).error]
    }
    expect(await of('&subscriber=stock-service')).toEqual([200, undefined])
    const message = (who: string): string => `note-service does not let ${who} read its events: add it to subscribers`
    expect(await of('&subscriber=spy-service')).toEqual([403, message('"spy-service"')])
    expect(await of('')).toEqual([403, message('a caller without a name')])
    expect(await of('&subscriber=mirror-service&subscriber=spy')).toEqual([
      403,
      expect.stringContaining('does not let'),
    ])
  })

  it('does not exist where subscribers is empty', async () => {
    const { url, db } = await start({ subscribers: [] })
    await db.publish(noted, { key: 1, n: 1 })
    await subscribe(url, { from: 'beginning' })
    await expect.poll(() => mirror.value`SELECT count(*) FROM tricube.event_cursors`).toBe(1)
    expect((await fetch(`${url}/tricube/events?names=noted&subscriber=mirror-service`)).status).toBe(403)
    expect(await mirror.value`SELECT position FROM tricube.event_cursors`).toBe('')
  })

  it('has a client certificate that is valid for its name, if it has any', async () => {
    const root = authority()
    const server = root.sign('note-service')
    const { url } = await start({
      subscribers: ['mirror-service'],
      tls: { ...server, ca: root.cert, requestCert: true },
    })
    const ask = (certificate: Certificate): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const [cert, key, ca] = [certificate.cert, certificate.key, root.cert].map((path) => readFileSync(path))
        const options = { cert: cert!, key: key!, ca: ca! }
        request(`${url}/tricube/events?names=noted&subscriber=mirror-service`, options, (response) => {
          response.resume()
          resolve(response.statusCode)
        })
          .once('error', reject)
          .end()
      })
    expect(await ask(root.sign('mirror-service'))).toBe(200)
    expect(await ask(root.sign('client', { hosts: ['mirror-service.prod.svc.cluster.local'] }))).toBe(200)
    expect(await ask(root.sign('spy-service'))).toBe(403)
    expect(await ask(root.sign('mirror-service-2'))).toBe(403)
  })
})
