/**
 * Three times the capacity of a service: how much it still serves, how fast, and how soon it recovers.
 *
 * The service has a core to itself where `taskset` can give it one. Capacity is the most that it serves to 32 connections
 * that are always busy, twice before and once after the rest, for whatever else the machine does can only take from it; where
 * before and after differ, it did much else, and all is tried again. Between them come open loads at capacity, at three times
 * it, and at three quarters of it. The one at capacity is a tenth over it: of exactly that much a queue sometimes forms, and
 * sometimes not, and it is the service that is full whose times are to be doubled at most.
 */
import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { startPostgres } from 'tricube/testing'

export const number = 8
export const title = 'overload at three times the capacity'

export async function run({ full }) {
  const seconds = full ? 30 : 10
  const rows = await overload('a handler of 2 ms', '/compute', seconds, 400, {})
  const postgres = await besideService(startPostgres)
  try {
    const env = { DATABASE_URL: postgres.url() }
    return [...rows, ...(await overload('a handler with a SELECT', '/select', seconds, 400, env))]
  } finally {
    await postgres.stop()
  }
}

/** `connections` are enough that what fills is the server's queue and not the caller's. */
async function overload(what, path, seconds, connections, env) {
  const server = pinned('service.mjs', [], 0, { NODE_ENV: 'production', LOG_LEVEL: 'fatal', ...env })
  try {
    const [port] = await once(server, 'message')
    const load = (...options) => loadOf([port, path, ...options])
    const closed = async () => servedPerSecond(await load('closed', 4, 0, 32), 4)
    await closed() // warm
    for (let attempt = 1; ; attempt++) {
      const before = Math.max(await closed(), await closed())
      const busy = await load('open', seconds, 1.1 * before, connections)
      const over = await load('open', seconds, 3 * before, connections)
      const after = await load('open', 10, 0.75 * before, connections)
      const since = await closed()
      const isSteady = Math.abs(since / before - 1) < 0.2
      if (isSteady || attempt === 3) return rowsOf(what, Math.max(before, since), seconds, { busy, over, after })
    }
  } finally {
    server.kill('SIGKILL')
  }
}

/** However long it takes at capacity. */
const longestMs = 200
/** What the limiter has to find out that a load from nothing is no burst. */
const onsetMs = 1000

function rowsOf(what, capacity, seconds, { busy, over, after }) {
  const [first, rest] = [over.filter(({ at }) => at < onsetMs), over.filter(({ at }) => at >= onsetMs)]
  const goodput = servedPerSecond(rest, seconds - onsetMs / 1000) / capacity
  const [atCapacity, atThree] = [p99(busy.filter(({ at }) => at >= onsetMs)), p99(rest)]
  const mostMs = Math.min(2 * atCapacity, longestMs)
  const recovered = recoveredAfter(after)
  const [rejected, without] = [503, 0].map((one) => rest.filter(({ status }) => status === one).length / rest.length)
  return [
    [`${what}: capacity`, `${capacity.toFixed(0)}/s`, '', true],
    [
      `${what}: at 3 times that rejected, and without a free connection`,
      `${percent(rejected)}, ${percent(without)}`,
      'over a third',
      rejected + without > 1 / 3,
    ],
    [`${what}: served at 3 times that`, percent(goodput), '80 % of capacity', goodput >= 0.8],
    [
      `${what}: p99 of what is served`,
      ms(atThree),
      `2 × ${ms(atCapacity)} at capacity, ${ms(longestMs)}`,
      atThree <= mostMs,
    ],
    [`${what}: p99 in its first second`, ms(p99(first)), '1000 ms', p99(first) <= 1000],
    [`${what}: 95 % succeed from`, `${recovered} s after`, '10 s after', recovered < 10],
  ]
}

const served = (results) => results.filter(({ status }) => status === 200)
const servedPerSecond = (results, seconds) => served(results).length / seconds
const percent = (share) => `${(share * 100).toFixed(1)} %`
const ms = (value) => `${value.toFixed(0)} ms`

function p99(results) {
  const sorted = served(results)
    .map(({ ms }) => ms)
    .sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length * 0.99)]
}

/** The first second from which on 95 % succeed. */
function recoveredAfter(results) {
  const lastBad = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0].find((second) => {
    const within = results.filter(({ at }) => Math.floor(at / 1000) === second)
    return served(within).length < 0.95 * within.length
  })
  return lastBad === undefined ? 0 : lastBad + 1
}

async function loadOf(args) {
  const child = pinned('load.mjs', args, availableParallelism() - 1, {})
  const [results] = await once(child, 'message')
  return results
}

/** What it starts has the load's core, for this process has it meanwhile. */
async function besideService(start) {
  if (!canPin) return start()
  const allow = (cores) =>
    execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cores, String(process.pid)], { stdio: 'ignore' })
  const last = availableParallelism() - 1
  allow(String(last))
  try {
    return await start()
  } finally {
    allow(`0-${last}`)
  }
}

function pinned(file, args, core, env) {
  const path = fileURLToPath(new URL(`../overload/${file}`, import.meta.url))
  const options = { env: { ...process.env, ...env }, serialization: 'advanced' }
  if (!canPin) return fork(path, args.map(String), options)
  const execArgv = ['-c', String(core), process.execPath]
  return fork(path, args.map(String), { ...options, execPath: 'taskset', execArgv })
}

const canPin = availableParallelism() > 1 && hasTaskset()

function hasTaskset() {
  try {
    execFileSync('taskset', ['-c', '0', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
