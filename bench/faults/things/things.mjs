// Three instances of one service and a caller: what the checks of calls have in common.
import { fileURLToPath } from 'node:url'
import { client } from 'tricube/client'
import { staticRegistry } from 'tricube/discovery'
import { portOf, startChild } from '../lib/child.mjs'
import { after, failed, load } from '../lib/load.mjs'
import { watchSending } from '../lib/sending.mjs'
import { thingService } from './contract.mjs'

/** Calls a second. */
export const rate = 400

const file = fileURLToPath(new URL('instance.mjs', import.meta.url))

/** Starts one; `ran` collects what it ran. */
export async function startInstance(env = {}) {
  const ran = []
  const instance = await startChild(file, {
    env,
    onMessage: (message) => message.ran !== undefined && ran.push(message.ran),
  })
  return Object.assign(instance, { ran })
}

/** Starts several at a time. */
export function startInstances(count, env) {
  return Promise.all(Array.from({ length: count }, () => startInstance(env)))
}

/** A caller of these instances. */
export const connect = (instances) =>
  client(thingService, {
    registry: staticRegistry({ 'thing-service': instances.map(({ address }) => address) }),
    checkResponses: false,
  })

export const get = (things) => (n) => things.getThing({ params: { id: n } })

/** Runs with so many instances and a caller of them. */
export async function withInstances(count, env, run) {
  const instances = await startInstances(count, env)
  const things = connect(instances)
  try {
    return await run(instances, things)
  } finally {
    for (const instance of instances) await instance.kill()
    await things[Symbol.asyncDispose]()
  }
}

/** Kills one of three after 5 s of 30. */
export async function killOne(call) {
  return withInstances(3, {}, async (instances, things) => {
    const [victim] = instances
    const sending = watchSending()
    const loaded = load(rate, 30, (n) => call(things, n))
    await after(5000)
    const inFlight = sending.inFlightAtNextError(portOf(victim))
    victim.child.kill('SIGKILL')
    const killedAt = performance.now()
    const responses = await loaded
    sending.stop()
    const last = sending.attempts.findLast(({ at, port }) => port === portOf(victim) && at < killedAt + 20_000)
    if (process.env.EXPLAIN) explain(responses)
    return {
      responses,
      inFlight: await Promise.race([inFlight, 0]),
      lastAttemptMs: Math.max(0, last.at - killedAt),
      ran: instances.flatMap(({ ran }) => ran),
    }
  })
}

/** Why calls failed, for whoever wants to know: EXPLAIN=1. */
function explain(responses) {
  const kinds = {}
  for (const { error, at } of failed(responses)) {
    const kind = `${error.error} (${error.cause?.code ?? error.cause?.message ?? ''})`
    kinds[kind] ??= { count: 0, firstMs: Math.round(at - responses[0].at) }
    kinds[kind].count += 1
    kinds[kind].lastMs = Math.round(at - responses[0].at)
  }
  console.error(kinds)
}
