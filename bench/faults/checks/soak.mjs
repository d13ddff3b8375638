import { once } from 'node:events'
import { createServer } from 'node:http'
import { faultProxy } from 'tricube/testing'
import { callerOf, succeeding } from '../lib/caller.mjs'
import { portOf } from '../lib/child.mjs'
import { exampleDatabase, startExample } from '../lib/examples.mjs'
import { after, failed, load } from '../lib/load.mjs'
import { durablePostgres } from '../lib/postgres.mjs'

export const number = 23
export const title = 'load with faults'

const rate = 50
const cycleSeconds = 15
const warmUp = 4 // cycles until every path has run and been compiled
const restSeconds = 80 // an idle connection is kept for 72 to a service, for 60 to PostgreSQL
const mib = 2 ** 20

/**
 * Cycles of load under faults. What the service holds on to after the warm-up is compared with what it holds on to at the
 * end, both at rest: after a full collection, and when no idle connection is left, so that only a leak is more.
 */
export async function run({ full }) {
  const cycles = ((full ? 30 : 3) * 60) / cycleSeconds
  const system = await startSystem()
  try {
    await underFaults(system, warmUp)
    const before = await atRest(system.user)
    const responses = await underFaults(system, cycles)
    const now = await atRest(system.user)
    const failures = failed(await load(20, 2, () => succeeding(system.caller.send('GET', '/users/1')))).length
    const succeeded = responses.length - failed(responses).length
    const moreHeld = now.heldBytes - before.heldBytes
    const moreResident = now.rssBytes / before.rssBytes - 1
    const moreDescriptors = now.descriptors - before.descriptors
    return [
      [`of ${responses.length} requests succeeded`, `${succeeded}`, '1,000 at least', succeeded >= 1000],
      ['memory that is held', megabytes(before.heldBytes, now.heldBytes), '3 MiB more', moreHeld <= 3 * mib],
      ['resident memory', megabytes(before.rssBytes, now.rssBytes), '20 % more', moreResident <= 0.2],
      ['file descriptors', `${before.descriptors} to ${now.descriptors}`, '2 more', moreDescriptors <= 2],
      ['failures afterwards', `${failures}`, '0', failures === 0],
    ]
  } finally {
    await system.stop()
  }
}

async function underFaults(system, cycles) {
  const all = []
  for (let n = 0; n < cycles; n++) {
    const [responses] = await Promise.all([underLoad(system), withFaults(system)])
    all.push(...responses)
  }
  return all
}

async function atRest(service) {
  await after(restSeconds * 1000)
  return service.measure()
}

/** PostgreSQL, a collector, and the three examples; the user service is the one that is watched. */
async function startSystem() {
  const postgres = await durablePostgres()
  const collector = createServer((request, response) =>
    request.resume().once('end', () => response.writeHead(202).end()),
  )
  await once(collector.listen(0, '127.0.0.1'), 'listening')
  const toCollector = await faultProxy({ target: `http://127.0.0.1:${collector.address().port}/api/v2/spans` })
  const start = async (name, env = {}) =>
    startExample(name, {
      DATABASE_URL: await exampleDatabase(name, postgres),
      OTEL_EXPORTER_ZIPKIN_ENDPOINT: toCollector.url,
      OTEL_BSP_SCHEDULE_DELAY: '500',
      ...env,
    })
  const region = await start('region-service')
  const roles = await start('role-service')
  const at = `region-service=${region.address},role-service=${roles.address}`
  const user = await start('user-service', { TRICUBE_SERVICES: at })
  const system = {
    postgres,
    toCollector,
    roles,
    user,
    caller: callerOf(user.address),
    restartRoles: async () => {
      system.roles = await startExample('role-service', {
        DATABASE_URL: postgres.url('role_service'),
        PORT: String(portOf(roles)),
      })
    },
    async stop() {
      system.caller.close()
      for (const child of [user, system.roles, region]) await child.kill()
      await toCollector.close()
      collector.closeAllConnections()
      collector.close()
      await postgres[Symbol.asyncDispose]()
    },
  }
  return system
}

/** Reads, lists, writes, and callers that hang up. */
async function underLoad({ user }) {
  const caller = callerOf(user.address)
  const newUser = { name: 'Soak', age: 30, city_id: 1, role_id: 1 }
  const requests = [
    () => succeeding(caller.send('GET', '/users/1')),
    () => succeeding(caller.send('GET', '/users/2')),
    () => succeeding(caller.send('GET', '/users?size=5')),
    () => succeeding(caller.send('POST', '/users', newUser)),
    () => caller.hangUp('/users/1', Math.random() * 10),
  ]
  const responses = await load(rate, cycleSeconds, (n) => requests[n % requests.length]())
  caller.close()
  return responses
}

/** One after the other: the collector resets, a callee is killed and comes back, PostgreSQL crashes. */
async function withFaults(system) {
  await after(1000)
  const heal = system.toCollector.add({ type: 'reset_peer', timeoutMs: 5 })
  await after(1000)
  await system.roles.kill()
  await after(2000)
  await system.restartRoles()
  await after(1000)
  await system.postgres.crash()
  await heal()
}

const megabytes = (from, to) => `${(from / mib).toFixed(1)} to ${(to / mib).toFixed(1)} MiB`
