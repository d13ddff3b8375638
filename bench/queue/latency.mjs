// How long it takes from a job that is enqueued in one process to its handler in another one, and from an event to its handler.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'
import { startNats } from './servers.mjs'

const samples = 200
const everyMs = 25

/** Prints the median and the 99th percentile of each. */
export async function measureLatency({ contestants, folder, redis, freshDatabase, workerOf }) {
  console.log('\n| from enqueued to handled, in another process | p50 | p99 |\n|---|---|---|')
  for (const contestant of contestants) {
    const { url, pool, ...own } = await freshDatabase()
    const { fill } = await import(`./${contestant.peer}.mjs`)
    const options = { ...contestant, url, redis: redis.port, count: 0, latency: true }
    await fill({ ...options, pool })
    const working = workerOf(options)
    await working.started
    const adding = await adderOf(options)
    await delay(1000)
    const taken = []
    for (let n = 1; n <= samples; n++) {
      const handled = working.handled(n)
      const at = Date.now()
      await adding.add(n)
      taken.push((await Promise.race([handled, delay(10_000, Number.NaN)])) - at)
      await delay(everyMs)
    }
    console.log(row(contestant.name, taken))
    await adding.close()
    await working.stop()
    await own[Symbol.asyncDispose]()
  }
  if (!contestants.some(({ peer }) => peer === 'tricube')) return
  console.log(row('an event of tricube, by its feed', await events(freshDatabase, {})))
  const nats = await startNats(folder)
  console.log(row('an event of tricube, by NATS JetStream', await events(freshDatabase, { EVENTS_URL: nats.url })))
  nats.stop()
}

/** What only enqueues, in this process. */
async function adderOf({ peer, url, redis }) {
  if (peer === 'tricube') {
    const { start } = await import('./tricube.mjs')
    return start({ url, done: () => {}, concurrency: 1, runs: false })
  }
  if (peer === 'graphile') {
    const { makeWorkerUtils } = await import('graphile-worker')
    const utils = await makeWorkerUtils({ connectionString: url })
    return { add: (n) => utils.addJob('plain', { n }), close: () => utils.release() }
  }
  const { Queue } = await import('bullmq')
  const queue = new Queue('work', { connection: { host: '127.0.0.1', port: redis } })
  return { add: (n) => queue.add('plain', { n }, { removeOnComplete: true }), close: () => queue.close() }
}

async function events(freshDatabase, env) {
  const [ours, theirs] = [await freshDatabase(), await freshDatabase()]
  const file = fileURLToPath(new URL('events.mjs', import.meta.url))
  const start = async (own) => {
    const common = { LOG_LEVEL: 'silent', PORT: '0', RUN_JOBS: 'true', ...env }
    const child = fork(file, { env: { ...process.env, ...common, ...own } })
    const [{ url }] = await once(child, 'message')
    return { child, url }
  }
  const publisher = await start({ ROLE: 'publisher', DATABASE_URL: ours.url, TRICUBE_DISCOVERY: 'none' })
  const services = `note-service=${new URL(publisher.url).host}`
  const subscriber = await start({ ROLE: 'subscriber', DATABASE_URL: theirs.url, TRICUBE_SERVICES: services })
  await delay(1500)
  const taken = []
  for (let n = 1; n <= samples; n++) {
    const handled = once(subscriber.child, 'message')
    const at = Date.now()
    publisher.child.send({ publish: n })
    const [message] = await handled
    taken.push(message.at - at)
    await delay(everyMs)
  }
  for (const { child } of [subscriber, publisher]) {
    const ended = once(child, 'exit')
    child.disconnect()
    await ended
  }
  await ours[Symbol.asyncDispose]()
  await theirs[Symbol.asyncDispose]()
  return taken
}

function row(name, taken) {
  const sorted = taken.toSorted((a, b) => a - b)
  const at = (share) => `${sorted[Math.floor(sorted.length * share)].toFixed(0)} ms`
  return `| ${name} | ${at(0.5)} | ${at(0.99)} |`
}
