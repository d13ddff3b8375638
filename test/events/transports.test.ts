/** Events between services that listen, over each transport: with late commits, restarts and several instances. */
import { faultProxy } from 'tricube/testing'
import { describe, expect, it } from 'vitest'
import { withResolvers } from '../withResolvers.ts'
import { overTransports } from './overTransports.ts'
import { begun, count, noted, other, publish, seen, subscribe, useServices } from './services.ts'

useServices()

overTransports((nats) => {
  it('brings what one service publishes to another, once, and nothing that was rolled back', async () => {
    const { db, url } = await publish()
    await subscribe(url)
    await begun()
    await db.publish(noted, { key: 1, n: 1 })
    await db.publish(other, { key: 1, n: 99 })
    await db
      .transaction(async (tx) => {
        await tx.publish(noted, { key: 1, n: 98 })
        throw new Error('no')
      })
      .catch(() => {})
    await db.publish(noted, { key: 1, n: 2 })
    await expect.poll(seen).toEqual([
      { key: 1, n: 1 },
      { key: 1, n: 2 },
    ])
  })

  it('leaves out nothing that is committed late, and delays nothing because of it', async () => {
    const { db, url } = await publish()
    await subscribe(url)
    await begun()
    const gate = withResolvers()
    const late = db.transaction(async (tx) => {
      await tx.publish(noted, { key: 1, n: 1 })
      await gate.promise
    })
    for (let n = 2; n <= 20; n++) await db.publish(noted, { key: 2, n })
    await expect.poll(count).toBe(19)
    gate.resolve()
    await late
    await expect.poll(count).toBe(20)
    expect((await seen()).at(-1)).toEqual({ key: 1, n: 1 })
  })

  it('loses nothing, doubles nothing and keeps the order of each key with many writers and instances', async () => {
    const first = await publish()
    const second = await publish()
    await subscribe(first.url, {
      also() {
        if (Math.random() < 0.05) throw new Error('at random')
      },
    })
    await begun()
    await subscribe(second.url)
    const write = async (key: number): Promise<void> => {
      const { db } = key % 2 ? first : second
      for (let n = 0; n < 50; n++) {
        await db
          .transaction(async (tx) => {
            await tx.publish(noted, { key, n })
            if (n % 7 === 0) await tx.execute`SELECT pg_sleep(0.02)`
            if (n % 5 === 0) throw new Error('rolled back')
          })
          .catch(() => {})
      }
    }
    await Promise.all(Array.from({ length: 10 }, (_, key) => write(key)))
    await expect.poll(count, { timeout: 30_000 }).toBe(400)
    const all = await seen()
    const expected = Array.from({ length: 50 }, (_, n) => n).filter((n) => n % 5 !== 0)
    for (let key = 0; key < 10; key++) {
      expect(all.filter((one) => one.key === key).map(({ n }) => n)).toEqual(expected)
    }
  }, 60_000)

  describe('where a subscription begins', () => {
    it.each([
      ['now', [3]],
      ['beginning', [1, 2, 3]],
    ] as const)('%s', async (from, expected) => {
      const { db, url } = await publish()
      await db.publish(noted, { key: 1, n: 1 })
      await db.publish(noted, { key: 1, n: 2 })
      if (nats()) await expect.poll(() => db.value`SELECT sequence FROM tricube.event_relays`).toBe(2)
      await subscribe(url, { from })
      await begun()
      await db.publish(noted, { key: 1, n: 3 })
      await expect.poll(async () => (await seen()).map(({ n }) => n)).toEqual(expected)
    })
  })

  describe('who is away', () => {
    it('goes on where it was when the subscriber comes back', async () => {
      const { db, url } = await publish()
      const one = await subscribe(url)
      await begun()
      await db.publish(noted, { key: 1, n: 1 })
      await expect.poll(count).toBe(1)
      await one.close()
      for (let n = 2; n <= 1200; n++) await db.publish(noted, { key: n % 10, n })
      await subscribe(url)
      await expect.poll(count, { timeout: 20_000 }).toBe(1200)
    }, 60_000)

    it('goes on when the publisher comes back', async () => {
      const one = await publish()
      await subscribe(one.url)
      await begun()
      await one.db.publish(noted, { key: 1, n: 1 })
      await expect.poll(count).toBe(1)
      await one.close()
      const again = await publish({ port: Number(new URL(one.url).port) })
      await again.db.publish(noted, { key: 1, n: 2 })
      await expect.poll(count, { timeout: 20_000 }).toBe(2)
    }, 60_000)

    it('takes nothing twice over a network that breaks again and again', async () => {
      const { db, url } = await publish()
      await using proxy = await faultProxy({ target: nats()?.url ?? url })
      const broken = nats() && { EVENTS_URL: proxy.url }
      await subscribe(nats() ? url : proxy.url, { env: broken })
      await begun()
      for (let round = 0; round < 5; round++) {
        const up = proxy.add({ type: 'down' })
        for (let n = 0; n < 40; n++) await db.publish(noted, { key: 1, n: round * 40 + n })
        await up()
      }
      await expect.poll(count, { timeout: 30_000 }).toBe(200)
      expect((await seen()).map(({ n }) => n)).toEqual(Array.from({ length: 200 }, (_, n) => n))
    }, 60_000)
  })
})
