/**
 * CPU of a call for its caller and its callee: tricube with all of its policies, beside other ways to call.
 *
 *   npm run build && npm --prefix bench ci && node bench/client/run.mjs
 *
 * All pairs of processes are there at once and take turns in short rounds, so that all meet the same machine. Printed are lower
 * quartiles of the rounds. Exits 1 when tricube's caller costs more than undici's and the bound.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { ways } from './works.mjs'

const boundUs = 6
const rounds = Number(process.env.ROUNDS ?? 20)
const calls = Number(process.env.CALLS ?? 6_000)
const warmUpCalls = 30_000
const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const env = {
  ...process.env,
  NODE_ENV: 'production',
  PORT: '0',
  LOG_LEVEL: 'error',
  OTEL_METRICS_EXPORTER: 'none',
}

const pairs = []
for (const way of Object.keys(ways)) pairs.push(await start(way))
for (let round = 0; round < rounds; round++) {
  // Who comes first finds other caches, so they change places.
  const order = pairs.map((_, i) => pairs[(i + round) % pairs.length])
  for (const pair of order) pair.results.push(await measure(pair, calls))
}
for (const { caller, callee } of pairs) for (const process of [caller, callee]) process.disconnect()

console.log(`node ${process.version}, ${rounds} rounds of ${calls} calls, 64 at a time`)
console.log('| µs CPU a call | caller | callee | both | calls a second |')
console.log('|---|---:|---:|---:|---:|')
const cost = (results, key) => lowerQuartile(results.map((result) => result[key]))
for (const { way, results } of pairs) {
  const [caller, callee] = [cost(results, 'caller'), cost(results, 'callee')]
  const perSecond = -lowerQuartile(results.map(({ perSecond }) => -perSecond))
  const figures = [caller.toFixed(1), callee.toFixed(1), (caller + callee).toFixed(1), perSecond.toFixed(0)]
  console.log(`| ${ways[way].title} | ${figures.join(' | ')} |`)
}
const of = (name) => cost(pairs.find(({ way }) => way === name).results, 'caller')
const added = of('tricube') - of('undici')
console.log(`\ntricube's caller beside undici's: ${added.toFixed(1)} µs, bound ${boundUs} µs`)
if (added > boundUs) process.exitCode = 1

async function start(way) {
  const callee = fork(here('callee.mjs'), [ways[way].callee], { env })
  const [port] = await once(callee, 'message')
  const caller = fork(here('caller.mjs'), [way, String(port)], { env })
  await once(caller, 'message')
  const pair = { way, caller, callee, results: [] }
  await measure(pair, warmUpCalls)
  return pair
}

async function measure({ caller, callee }, count) {
  const before = await ask(callee, 'cpu')
  const { us, perSecond } = await ask(caller, count)
  return { caller: us, callee: ((await ask(callee, 'cpu')) - before) / count, perSecond }
}

async function ask(process, message) {
  process.send(message)
  return (await once(process, 'message'))[0]
}

function lowerQuartile(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor((numbers.length - 1) / 4)]
}
