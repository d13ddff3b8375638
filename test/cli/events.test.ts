/** `tricube events`: on the databases of services that run. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { eventsCommand } from '../../src/cli/events.ts'
import { natsBinary, realNats, type RealNats } from '../events/realNats.ts'
import { begun, noted, other, publish, seen, subscribe, urls, useServices, type Running } from '../events/services.ts'
import { here } from './here.ts'
import { tricube } from './run.ts'

useServices()
const run = async (url: string, ...args: string[]) => {
  const { code, stdout, stderr } = await here(eventsCommand, args, { DATABASE_URL: url })
  return { code, lines: stdout.trimEnd().split('\n'), stderr: stderr.trim() }
}

describe('what a service has published', () => {
  beforeEach(async () => {
    const { db } = await publish()
    await db.publish(noted, { key: 7, n: 1 })
    await db.publish(other, { key: 8, n: 2 })
  })

  it('is listed, the newest first', async () => {
    const env = { DATABASE_URL: urls().publisher }
    const { code, stdout } = await tricube(['events', 'list'], { env }).ended
    expect(code).toBe(0)
    expect(stdout.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^2 {2}other {2}- {2}\d{4}-.* {2}\{"key":8,"n":2\}$/),
      expect.stringMatching(/^1 {2}noted {2}7 {2}\d{4}-.* {2}\{"key":7,"n":1\}$/),
    ])
    expect((await run(urls().publisher, 'list', '--key', '7')).lines).toHaveLength(1)
    expect((await run(urls().publisher, 'list', '--name', 'note')).lines).toEqual([
      'no events of the name "note": there are noted, other; did you mean noted?',
    ])
    expect((await run(urls().publisher, 'list', '--name', 'noted', '--key', '9')).lines).toEqual(['no events'])
    const { lines: json } = await run(urls().publisher, 'list', '--name', 'noted', '--json')
    expect(JSON.parse(json.join('\n'))).toMatchObject([{ id: 1, name: 'noted', key: '7', payload: '{"key":7,"n":1}' }])
  })

  it('is shown', async () => {
    const { lines } = await run(urls().publisher, 'show', '1')
    expect(lines).toContain('payload    {"key":7,"n":1}')
  })

  it.each([
    [['show', '9'], 1, 'there is no event 9: it was deleted, or never published'],
    [['show', 'x'], 2, 'the id of an event is a whole number, not x: see tricube events list'],
    [['list', '--limit', 'x'], 2, '--limit is a whole number from 1, not x'],
    [['replay', 'copy'], 2, '--from: expected beginning, now or a time such as 2026-11-26T09:00Z'],
    [['replay', 'copy', '--from', 'noon'], 2, 'or a time such as 2026-11-26T09:00Z, got "noon"'],
    [['replay', 'copy', '--from', 'now'], 1, 'the service of this database has no subscriptions'],
    [['forget'], 2, 'tricube events: unknown command "forget", expected list, show, subscriptions, replay'],
  ])('%j is refused', async (args, expectedCode, message) => {
    const { code, stderr } = await run(urls().publisher, ...args)
    expect(stderr).toContain(message)
    expect(code).toBe(expectedCode)
  })
})

describe.each(['feed', ...(natsBinary ? ['nats'] : [])])('replay over %s', (transport) => {
  let nats: RealNats | undefined
  let publisher: Running
  beforeEach(async () => {
    nats = transport === 'nats' ? await realNats() : undefined
    if (nats) vi.stubEnv('EVENTS_URL', nats.url)
    publisher = await publish()
  })
  afterEach(async () => {
    await nats?.[Symbol.asyncDispose]()
  })
  const say = async (...ns: readonly number[]) => {
    for (const n of ns) await publisher.db.publish(noted, { key: 1, n })
  }
  const numbers = async () => (await seen()).map(({ n }) => n)

  it('handles past events again, once, and goes on with new ones', async () => {
    await subscribe(publisher.url)
    await begun()
    await say(1, 2, 3)
    await expect.poll(numbers).toEqual([1, 2, 3])
    const { code, lines } = await run(urls().subscriber, 'replay', 'copy', '--from', 'beginning')
    expect({ code, lines }).toEqual({ code: 0, lines: ['copy begins anew, from beginning'] })
    await expect.poll(numbers, { timeout: 20_000 }).toEqual([1, 2, 3, 1, 2, 3])
    await say(4)
    await expect.poll(numbers).toEqual([1, 2, 3, 1, 2, 3, 4])
    expect((await run(urls().subscriber, 'subscriptions')).lines).toEqual([
      expect.stringMatching(/^subscription {2}position/),
      expect.stringMatching(/^copy +:\d/),
    ])
  }, 60_000)

  it('handles those since a time', async () => {
    const one = await subscribe(publisher.url)
    await begun()
    await say(1)
    await expect.poll(numbers).toEqual([1])
    const time = await publisher.db.value<string>`SELECT to_json(clock_timestamp()) #>> '{}'`
    await expect
      .poll(() => publisher.db.value`SELECT clock_timestamp() > ${time}::timestamptz + interval '5 ms'`)
      .toBe(true)
    await say(2, 3)
    await expect.poll(numbers).toEqual([1, 2, 3])
    await one.close()
    await run(urls().subscriber, 'replay', 'copy', '--from', time)
    await subscribe(publisher.url)
    await expect.poll(numbers, { timeout: 20_000 }).toEqual([1, 2, 3, 2, 3])
  }, 60_000)

  it('names the subscriptions when there is none of this name', async () => {
    await subscribe(publisher.url)
    await begun()
    const { code, stderr } = await run(urls().subscriber, 'replay', 'cope', '--from', 'now')
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'there is no subscription "cope": expected one of copy' })
  })

  it('skips what a subscription has not read', async () => {
    const one = await subscribe(publisher.url)
    await begun()
    await say(1)
    await expect.poll(numbers).toEqual([1])
    await one.close()
    await say(2, 3)
    if (nats) await expect.poll(() => publisher.db.value`SELECT sequence FROM tricube.event_relays`).toBe(3)
    await run(urls().subscriber, 'replay', 'copy', '--from', 'now')
    await subscribe(publisher.url)
    await begun()
    await say(4)
    await expect.poll(numbers, { timeout: 20_000 }).toEqual([1, 4])
  }, 60_000)
})
