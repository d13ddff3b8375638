/** Events while publisher, subscribers and NATS are killed with -9 at random: the books balance. */
import { database } from 'tricube/sql'
import { expect, it } from 'vitest'
import { bundle, type Instance } from '../jobs/instances.ts'
import { directDatabase } from '../sql/freshDatabase.ts'
import { until } from '../until.ts'
import { withResolvers } from '../withResolvers.ts'
import { freePort } from '../../src/postgres/free-port.ts'
import { natsBinary, realNats } from './realNats.ts'

const transports = natsBinary ? ['the feed', 'NATS'] : ['the feed']
it.each(transports)(
  'loses no event, doubles no effect and keeps the order of each key over %s',
  async (transport) => {
    await using nats = transport === 'NATS' ? await realNats() : undefined
    const events = nats && { EVENTS_URL: nats.url }
    await using theirs = await directDatabase('CREATE TABLE sent (key int, n int, PRIMARY KEY (key, n))')
    await using ours = await directDatabase('CREATE TABLE seen (at serial, key int, n int)')
    await using bundled = await bundle(new URL('instance.ts', import.meta.url))
    const port = await freePort()
    const publish = () => bundled.start({ ROLE: 'publisher', DATABASE_URL: theirs.url, PORT: String(port), ...events })
    const subscribe = () =>
      bundled.start({
        ROLE: 'subscriber',
        DATABASE_URL: ours.url,
        TRICUBE_SERVICES: `note-service=127.0.0.1:${port}`,
        ...events,
      })

    let publisher = await publish()
    const subscribers = [await subscribe(), await subscribe()]
    const killed = async (one: Instance): Promise<void> => {
      one.signal('SIGKILL')
      await one.ended
    }
    const send = async (key: number, n: number): Promise<void> => {
      const take = async (): Promise<boolean> => {
        const response = await fetch(`http://127.0.0.1:${port}/notes`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ key, n }),
        }).catch(() => undefined)
        return response?.ok === true
      }
      await until(take, { timeoutMs: 60_000, what: 'a note is taken' })
    }
    const keys = [0, 1, 2, 3]
    const atOnce = 14
    let perKey = 0
    /** Sends the next notes of each key, with this in the middle. */
    const sendAround = async (disturb: () => Promise<void>): Promise<void> => {
      const from = perKey
      perKey += atOnce
      const middle = withResolvers()
      let left = 1 + Math.floor(Math.random() * (keys.length * atOnce - 1))
      const writing = keys.map(async (key) => {
        for (let n = from; n < from + atOnce; n++) {
          await send(key, n)
          if (--left === 0) middle.resolve()
        }
      })
      await middle.promise
      await disturb()
      await Promise.all(writing)
    }
    for (let round = 0; round < 3; round++) {
      const victim = round % 2
      await sendAround(async () => {
        await killed(subscribers[victim]!)
        subscribers[victim] = await subscribe()
      })
      await sendAround(async () => {
        await killed(publisher)
        publisher = await publish()
      })
      await sendAround(async () => {
        await nats?.kill()
        await nats?.start()
      })
    }

    await using mirror = database({ url: ours.url })
    const count = () => mirror.value<number>`SELECT count(*) FROM seen`
    await expect.poll(count, { timeout: 60_000 }).toBe(keys.length * perKey)
    const seen = await mirror.many<{ key: number; n: number }>`SELECT key, n FROM seen ORDER BY at`
    for (const key of keys) {
      expect(seen.filter((one) => one.key === key).map(({ n }) => n)).toEqual(
        Array.from({ length: perKey }, (_, n) => n),
      )
    }
    await expect.poll(() => mirror.value`SELECT count(*) FROM tricube.jobs`).toBe(0)
  },
  120_000,
)
