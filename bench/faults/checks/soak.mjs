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
const loadSeconds = 14
const calmSeconds = 6 // undici keeps an idle connection for 4
const warmUp = 3 // cycles until every path has run, been compiled, and has its connections
const mib = 2 ** 20

/**
 * Cycles of load under faults, then of calm; in the calm a full collection, and what the service holds on to. After the
 * warm-up the least of the first third is compared with the least of the last: a leak lifts it with every cycle, noise and
 * connections that are still idle do not.
 */
export async function run({ full }) {
  const minutes = full ? 30 : 3
  const cycles = Math.round((minutes * 60) / (loadSeconds + calmSeconds))
  const system = await startSystem()
  try {
    const samples = []
    let requests = 0
    let succeeded = 0
    for (let n = 0; n < cycles; n++) {
      const [answers] = await Promise.all([underLoad(system), withFaults(system)])
      requests += answers.length
      succeeded += answers.length - failed(answers).length
      samples.push(await inTheCalm(system.user))
    }
    const held = growth(samples.map(({ heldBytes }) => heldBytes / mib))
    const resident = growth(samples.map(({ rssBytes }) => rssBytes / mib))
    const descriptors = growth(samples.map(({ descriptors }) => descriptors))
    if (process.env.EXPLAIN) console.error(samples)
    const calm = await load(20, 2, (n) => succeeding(system.caller.send('GET', `/users/${1 + (n % 2)}`)))
    return [
      [
        `requests in ${cycles} cycles that succeeded`,
        `${succeeded} of ${requests}`,
        '2,000 at least',
        succeeded >= 2000,
      ],
      ['memory that is held after a collection', megabytes(held), 'no more than 2 MiB more', held.by <= 2],
      ['resident memory', megabytes(resident), 'no more than 10 % more', resident.by <= resident.from * 0.1],
      ['file descriptors', `${descriptors.from} to ${descriptors.to}`, 'no more than 5 more', descriptors.by <= 5],
      ['failures afterwards', `${failed(calm).length}`, '0', failed(calm).length === 0],
    ]
  } finally {
    await system.stop()
  }
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
  const caller = callerOf(user.address) // of this cycle alone, so that no connection is kept in the calm
  const newUser = { name: 'Soak', age: 30, city_id: 1, role_id: 1 }
  const requests = [
    () => succeeding(caller.send('GET', '/users/1')),
    () => succeeding(caller.send('GET', '/users/2')),
    () => succeeding(caller.send('GET', '/users?size=5')),
    () => succeeding(caller.send('POST', '/users', newUser)),
    () => caller.hangUp('/users/1', Math.random() * 10),
  ]
  const answers = await load(rate, loadSeconds, (n) => requests[n % requests.length]())
  caller.close()
  return answers
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

/** What the service holds on to once it holds no more connections than a second ago; on a busy machine that may take. */
async function inTheCalm(service) {
  await after(calmSeconds * 1000)
  let before = await service.measure()
  for (let seconds = 0; seconds < 20; seconds++) {
    await after(1000)
    const now = await service.measure()
    if (now.descriptors === before.descriptors) return now
    before = now
  }
  return before
}

/** From the least of the first third after the warm-up to the least of the last. */
function growth(values) {
  const steady = values.slice(warmUp)
  const third = Math.ceil(steady.length / 3)
  const from = Math.min(...steady.slice(0, third))
  const to = Math.min(...steady.slice(-third))
  return { from, to, by: to - from }
}

const megabytes = ({ from, to }) => `${from.toFixed(1)} to ${to.toFixed(1)} MiB`
