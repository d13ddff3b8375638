// One instance of the service, in a process of its own; tells its parent what it ran, and obeys it.
import { service } from 'tricube'
import { thingService } from './contract.mjs'

const { WORK_MS = '5', CALLS_NEXT } = process.env
let mode = {}
process.on('message', (message) => (mode = message))
process.on('disconnect', () => process.exit())

async function work(id, clients) {
  process.send({ ran: id })
  if (mode.unavailable) throw new (await import('tricube')).ServiceUnavailable('told to')
  if (CALLS_NEXT) return clients.next.getThing({ params: { id } })
  const sleepsMs = mode.sleeperOf && id % mode.sleeperOf === 0 ? 1000 : 0
  const workMs = Number(WORK_MS) * (0.5 + Math.random()) + (mode.slowerMs ?? 0) + sleepsMs
  await new Promise((resolve) => setTimeout(resolve, workMs))
  return id
}

const app = service(thingService, {
  clients: CALLS_NEXT ? { next: thingService } : {},
  handlers: {
    getThing: ({ params, clients }) => work(params.id, clients),
    addThing: ({ body, clients }) => work(body.id, clients),
    wait: ({ signal }) =>
      new Promise((resolve) => {
        process.send({ waiting: true })
        signal.addEventListener('abort', () => {
          process.send({ heardAt: performance.timeOrigin + performance.now() })
          resolve(null)
        })
      }),
  },
})
const { url } = await app.listen()
process.send({ listening: new URL(url).host })
