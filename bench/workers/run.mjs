/**
 * What a second worker gives a service that computes: throughput, how evenly connections are shared, and latency.
 *
 *   npm run build && npm --prefix bench ci && npm --prefix bench run workers
 *
 * The load comes in bursts: so many requests are sent at once and the responses awaited, so that sending them takes no
 * processor from the servers. One and two workers take turns, and the same work in bare processes, which says what the
 * machine has to give now. Medians are printed; exits 1 when the second worker gives less than nine tenths of that: 1.8 times
 * on a machine that has two processors to itself.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { open } from './connection.mjs'
import { startWorkers } from './start.mjs'
import { steady } from './steady.mjs'

const rounds = Number(process.env.ROUNDS ?? 7)
const connections = 16
const perConnection = 8

const one = await startWorkers(1)
const two = await startWorkers(2)
const bare = [1, 2].map(() => fork(fileURLToPath(new URL('work.mjs', import.meta.url))))
const results = { one: [], two: [], shares: [], bareOne: [], bareTwo: [] }
for (const { port } of [one, two]) await burst(port) // warm
await bareBurst(bare)
for (let round = 0; round < rounds; round++) {
  results.one.push((await burst(one.port)).rate)
  const { rate, share } = await burst(two.port)
  results.two.push(rate)
  results.shares.push(share)
  results.bareOne.push(await bareBurst(bare.slice(1)))
  results.bareTwo.push(await bareBurst(bare))
}
for (const child of bare) child.disconnect()
const times = median(results.two.map((rate, round) => rate / results.one[round]))
const possible = median(results.bareTwo.map((rate, round) => rate / results.bareOne[round]))
const rate = median(results.two)
console.log(`medians of ${rounds} rounds, Node ${process.version}
requests a second: one worker ${median(results.one).toFixed(0)}, two ${rate.toFixed(0)}: ${times.toFixed(2)} times
the same work in bare processes: ${median(results.bareOne).toFixed(0)} and ${median(results.bareTwo).toFixed(0)}: ${possible.toFixed(2)} times
largest share of one of the two workers: ${(Math.max(...results.shares) * 100).toFixed(0)} % of the requests`)
for (const [name, { port }] of Object.entries({ one, two })) {
  const { p50, p99 } = await quantiles(port, rate / 4, 5)
  console.log(`${(rate / 4).toFixed(0)} requests/s, ${name}: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`)
}
await Promise.all([one.stop(), two.stop()])
process.exit(times >= 0.9 * possible ? 0 : 1)

/** A bounded number of requests, all sent at once. */
async function burst(port) {
  const pool = await openAll(port)
  const from = performance.now()
  const responses = await Promise.all(
    pool.flatMap(({ ask }) => Array.from({ length: perConnection }, () => ask('/work'))),
  )
  const seconds = (performance.now() - from) / 1000
  for (const { close } of pool) close()
  const counts = new Map()
  for (const { body } of responses) counts.set(body, (counts.get(body) ?? 0) + 1)
  return { rate: responses.length / seconds, share: Math.max(...counts.values()) / responses.length }
}

/** The work of a burst, shared by these processes; how much of it they do a second. */
async function bareBurst(children) {
  const total = connections * perConnection
  const from = performance.now()
  await Promise.all(
    children.map((child) => {
      child.send({ times: total / children.length })
      return once(child, 'message')
    }),
  )
  return (total * 1000) / (performance.now() - from)
}

/** One connection after the other, as callers come. */
async function openAll(port) {
  const pool = []
  while (pool.length < connections) {
    pool.push(open(port))
    await pool.at(-1).ask('/pid', 'POST')
  }
  return pool
}

async function quantiles(port, rate, seconds) {
  const latencies = await steady(await openAll(port), '/work', rate, seconds)
  return { p50: latencies[Math.floor(latencies.length * 0.5)], p99: latencies[Math.floor(latencies.length * 0.99)] }
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
}
