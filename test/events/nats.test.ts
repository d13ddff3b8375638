/** What is particular to NATS: outages, lost data, logins, limits, and the way there and back. */
import { mkdtempSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream'
import { connect, headers, type NatsConnection } from '@nats-io/transport-node'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { authority } from '../http/certificates.ts'
import { natsLogin } from './natsLogin.ts'
import { natsBinary, realNats, type RealNats } from './realNats.ts'
import { begun, count, noted, other, publish, seen, subscribe, useServices, type Running } from './services.ts'

useServices()
const stream = 'tricube-note-service'
let nats: RealNats
afterEach(() => nats?.[Symbol.asyncDispose]())

/** Publishes the events from `first` to `last`, with one key. */
const publishAll = async ({ db }: Running, first: number, last: number): Promise<void> => {
  for (let n = first; n <= last; n++) await db.publish(noted, { key: 1, n })
}
const logFile = (): string => join(mkdtempSync(join(tmpdir(), 'tricube-log-')), 'log')
const numbers = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i)
const expectSeen = async (last: number): Promise<void> => {
  await expect.poll(count, { timeout: 30_000 }).toBe(last)
  expect((await seen()).map(({ n }) => n)).toEqual(numbers(1, last))
}

describe.skipIf(!natsBinary)('with NATS', () => {
  let connection: NatsConnection | undefined
  beforeEach(async () => {
    nats = await realNats()
    vi.stubEnv('EVENTS_URL', nats.url)
  })
  afterEach(async () => {
    await connection?.close()
    connection = undefined
  })
  const manager = async (): Promise<JetStreamManager> => {
    connection = await connect({ servers: nats.url.slice('nats://'.length) })
    return jetstreamManager(connection)
  }

  it('publishes and stays ready while NATS is down, and loses nothing when that is killed', async () => {
    const one = await publish()
    await subscribe(one.url)
    await begun()
    await publishAll(one, 1, 50)
    await expectSeen(50)
    await nats.kill()
    await publishAll(one, 51, 100)
    expect((await fetch(`${one.url}/health/ready`)).status).toBe(200)
    await nats.start()
    await publishAll(one, 101, 150)
    await expectSeen(150)
  }, 60_000)

  it('starts while NATS is down', async () => {
    await nats.kill()
    const one = await publish()
    await subscribe(one.url, { from: 'beginning' })
    await publishAll(one, 1, 3)
    await nats.start()
    await expectSeen(3)
  }, 60_000)

  it('loses and doubles nothing when NATS loses all that it has stored', async () => {
    const one = await publish()
    await subscribe(one.url)
    await begun()
    await publishAll(one, 1, 50)
    await expectSeen(50)
    await publishAll(one, 51, 60)
    await nats.kill()
    await nats.wipe()
    await publishAll(one, 61, 70)
    await nats.start()
    await publishAll(one, 71, 80)
    await expectSeen(80)
  }, 60_000)

  it('goes on when somebody deletes the consumer, and when somebody deletes the stream', async () => {
    const one = await publish()
    await subscribe(one.url)
    await begun()
    const api = await manager()
    await publishAll(one, 1, 20)
    await expectSeen(20)
    await api.consumers.delete(stream, 'mirror-service-copy')
    await publishAll(one, 21, 40)
    await expectSeen(40)
    await api.streams.delete(stream)
    await publishAll(one, 41, 60)
    await expectSeen(60)
  }, 60_000)

  it('handles once what the stream has twice, and ignores what no publisher has sent', async () => {
    const one = await publish()
    await subscribe(one.url)
    await begun()
    await publishAll(one, 1, 3)
    await expectSeen(3)
    const api = await manager()
    const { subject, data, header } = (await api.streams.getMessage(stream, { seq: 2 }))!
    const copy = headers()
    for (const [key, [value = '']] of header) if (!key.startsWith('Nats-')) copy.set(key, value)
    await api.jetstream().publish(subject, data, { headers: copy })
    await api.jetstream().publish(subject, 'no event')
    await publishAll(one, 4, 6)
    await expectSeen(6)
    await expect.poll(async () => (await api.consumers.info(stream, 'mirror-service-copy')).num_ack_pending).toBe(0)
  }, 60_000)

  it('takes an event with its key, its id and its time, as the feed does', async () => {
    const one = await publish()
    await one.db.publish(noted, { key: 7, n: 1 })
    await expect.poll(() => one.db.value`SELECT sequence FROM tricube.event_relays`).toBe(1)
    const message = await (await manager()).streams.getMessage(stream, { seq: 1 })
    expect(message).toMatchObject({ subject: 'tricube.note-service.noted' })
    expect(JSON.parse(new TextDecoder().decode(message!.data))).toEqual({ key: 7, n: 1 })
    expect(message!.header.get('Nats-Msg-Id')).toMatch(/^note-service\.\.1\.\d{13}$/)
    expect(message!.header.get('Tricube-Key')).toBe('7')
  })

  it('begins at a time', async () => {
    const one = await publish()
    await publishAll(one, 1, 2)
    const from = new Date(await one.db.value<number>`SELECT extract(epoch FROM clock_timestamp())::float8 * 1000`)
    await publishAll(one, 3, 4)
    await subscribe(one.url, { from })
    await expect.poll(async () => (await seen()).map(({ n }) => n)).toEqual([3, 4])
  })

  it('goes to NATS and back without losing or doubling an event, whatever moves first', async () => {
    const feed = { EVENTS_URL: '' }
    let theirs = await publish({ env: feed })
    let ours = await subscribe(theirs.url, { env: feed })
    await begun()
    const restart = async (env: Record<string, string>, n: number): Promise<void> => {
      await publishAll(theirs, n, n + 9)
      await theirs.close()
      theirs = await publish({ env })
      await publishAll(theirs, n + 10, n + 19)
      await ours.close()
      await publishAll(theirs, n + 20, n + 29)
      ours = await subscribe(theirs.url, { env })
      await publishAll(theirs, n + 30, n + 39)
    }
    await restart({ EVENTS_URL: nats.url }, 1)
    await expectSeen(40)
    await restart(feed, 41)
    await expectSeen(80)
    await restart({ EVENTS_URL: nats.url }, 81)
    await expectSeen(120)
  }, 90_000)

  it('creates the stream, and changes its limits to those of the configuration', async () => {
    const one = await publish({ env: { EVENTS_MAX_AGE_MS: '3600000' } })
    const api = await manager()
    const config = async () => (await api.streams.info(stream).catch(() => undefined))?.config
    await expect.poll(config).toMatchObject({ max_age: 3_600_000 * 1e6, max_bytes: -1, num_replicas: 1 })
    await one.close()
    await publish({ env: { EVENTS_MAX_AGE_MS: '7200000', EVENTS_MAX_BYTES: '1000000' } })
    await expect.poll(config).toMatchObject({ max_age: 7_200_000 * 1e6, max_bytes: 1_000_000 })
  })

  it('stops a subscription whose events were deleted before it read them, until it begins anew', async () => {
    const one = await publish()
    const two = await subscribe(one.url)
    await begun()
    await publishAll(one, 1, 2)
    await expectSeen(2)
    await two.close()
    await publishAll(one, 3, 6)
    await expect.poll(() => one.db.value`SELECT sequence FROM tricube.event_relays`).toBe(6)
    await (await manager()).streams.purge(stream, { seq: 6 })
    const file = logFile()
    await subscribe(one.url, { env: { LOG_LEVEL: 'warn', LOG_FILE: file } })
    await expect
      .poll(() => readFileSync(file, 'utf8'))
      .toContain('events of tricube-note-service were deleted before this subscription read them')
    expect(await count()).toBe(2)
  })
})

describe.skipIf(!natsBinary)('a NATS that wants to know who calls', () => {
  const flows = async (env: Record<string, string>): Promise<void> => {
    const one = await publish({ env })
    await subscribe(one.url, { env, from: 'beginning' })
    await one.db.publish(other, { key: 1, n: 0 })
    await publishAll(one, 1, 3)
    await expectSeen(3)
  }

  it('takes a user and a password', async () => {
    nats = await realNats({ config: 'authorization { user: orders, password: "p@ss" }' })
    await flows({ EVENTS_URL: `nats://orders:p%40ss@127.0.0.1:${nats.port}` })
  })

  it('takes a token', async () => {
    nats = await realNats({ config: 'authorization { token: s3cret }' })
    await flows({ EVENTS_URL: `nats://s3cret@127.0.0.1:${nats.port}` })
  })

  it('takes a .creds file', async () => {
    const { config, credentials } = natsLogin()
    nats = await realNats({ config })
    await flows({ EVENTS_URL: nats.url, EVENTS_CREDENTIALS: credentials })
  })

  it('takes a client certificate over TLS, from the second server of a list', async () => {
    const ca = authority()
    const [server, client] = [ca.sign('nats'), ca.sign('orders')]
    nats = await realNats({
      config: `tls { cert_file: "${server.cert}", key_file: "${server.key}", ca_file: "${ca.cert}", verify: true }`,
    })
    await flows({
      EVENTS_URL: `tls://127.0.0.1:1,tls://127.0.0.1:${nats.port}`,
      EVENTS_CACERT: ca.cert,
      EVENTS_CLIENT_CERT: client.cert,
      EVENTS_CLIENT_KEY: client.key,
    })
  })

  it('says why it lets nobody in', async () => {
    nats = await realNats({ config: 'authorization { token: s3cret }' })
    const file = logFile()
    await publish({
      env: { EVENTS_URL: `nats://wrong-token@127.0.0.1:${nats.port}`, LOG_LEVEL: 'warn', LOG_FILE: file },
    })
    await expect
      .poll(() => readFileSync(file, 'utf8'))
      .toContain('the events are not relayed to NATS: they wait in the database')
    expect(readFileSync(file, 'utf8')).toMatch(/authorization/i)
    expect(readFileSync(file, 'utf8')).not.toContain('wrong-token')
  })
})

describe('wrong settings', () => {
  it.each([
    [{ EVENTS_URL: 'http://nats:4222' }, 'EVENTS_URL'],
    [{ EVENTS_URL: 'nats://127.0.0.1:1', EVENTS_CREDENTIALS: '/nowhere.creds' }, 'EVENTS_CREDENTIALS: ENOENT'],
    [{ EVENTS_URL: 'tls://127.0.0.1:1', EVENTS_CACERT: '/nowhere.pem' }, 'EVENTS_CACERT: ENOENT'],
    [{ EVENTS_REPLICAS: '6' }, 'EVENTS_REPLICAS'],
  ])('rejects %o', async (env, message) => {
    await expect(publish({ env })).rejects.toThrow(message)
  })

  it('names the versions that the package is tested with', async () => {
    const { peerDependencies } = JSON.parse(await readFile('package.json', 'utf8')) as {
      peerDependencies: Record<string, string>
    }
    expect(peerDependencies).toMatchObject({ '@nats-io/jetstream': '3.3.1', '@nats-io/transport-node': '3.3.1' })
  })
})
