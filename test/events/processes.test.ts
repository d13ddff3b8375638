/** Events while publisher and subscribers are killed with -9 at random: the books balance. */
import { createServer, type AddressInfo } from 'node:net'
import { database } from 'tricube/sql'
import { expect, it } from 'vitest'
import { bundle, type Instance } from '../jobs/instances.ts'
import { directDatabase } from '../sql/freshDatabase.ts'

it('loses no event, doubles no effect and keeps the order of each key', async () => {
  await using theirs = await directDatabase('CREATE TABLE sent (key int, n int, PRIMARY KEY (key, n))')
  await using ours = await directDatabase('CREATE TABLE seen (at serial, key int, n int)')
  await using bundled = await bundle(new URL('instance.ts', import.meta.url))
  const port = await freePort()
  const publish = () => bundled.start({ ROLE: 'publisher', DATABASE_URL: theirs.url, PORT: String(port) })
  const subscribe = () =>
    bundled.start({ ROLE: 'subscriber', DATABASE_URL: ours.url, TRICUBE_SERVICES: `note-service=127.0.0.1:${port}` })

  let publisher = await publish()
  const subscribers = [await subscribe(), await subscribe()]
  const killed = async (one: Instance): Promise<void> => {
    one.signal('SIGKILL')
    await one.ended
  }
  const send = async (key: number, n: number): Promise<void> => {
    for (;;) {
      const response = await fetch(`http://127.0.0.1:${port}/notes`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ key, n }),
      }).catch(() => undefined)
      if (response?.ok) return
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  const perKey = 80
  const writing = Promise.all(
    [0, 1, 2, 3].map(async (key) => {
      for (let n = 0; n < perKey; n++) {
        await send(key, n)
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 40))
      }
    }),
  )
  for (let round = 0; round < 3; round++) {
    const victim = round % 2
    await killed(subscribers[victim]!)
    subscribers[victim] = await subscribe()
    await killed(publisher)
    publisher = await publish()
  }
  await writing

  await using mirror = database({ url: ours.url })
  const count = () => mirror.value<number>`SELECT count(*) FROM seen`
  await expect.poll(count, { timeout: 60_000 }).toBe(4 * perKey)
  const seen = await mirror.many<{ key: number; n: number }>`SELECT key, n FROM seen ORDER BY at`
  for (const key of [0, 1, 2, 3]) {
    expect(seen.filter((one) => one.key === key).map(({ n }) => n)).toEqual(Array.from({ length: perKey }, (_, n) => n))
  }
  await expect.poll(() => mirror.value`SELECT count(*) FROM tricube.jobs`).toBe(0)
}, 120_000)

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
