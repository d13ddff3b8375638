/**
 * CPU of the calling process for one call: tricube's client with all of its policies and two instances to choose from,
 * beside a bare undici request to one.
 *
 *   npm run build && npm --prefix bench ci && node bench/client/run.mjs
 *
 * Three pairs of processes, one pair after the other, take turns in short rounds, so that both meet the same machine; what is
 * printed are medians, the difference is the median of the rounds' own. Exits 1 when it is over the bound.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const boundUs = 6
const pairs = Number(process.env.PAIRS ?? 3)
const rounds = Number(process.env.ROUNDS ?? 25)
const calls = Number(process.env.CALLS ?? 6_000)
const warmUpCalls = 30_000
const here = (path) => fileURLToPath(new URL(path, import.meta.url))

const server = fork(here('server.mjs'))
const [ports] = await once(server, 'message')
const env = { ...process.env, NODE_ENV: 'production', SERVER_PORTS: ports.join() }

const results = []
for (let pair = 0; pair < pairs; pair++) {
  const [undici, tricube] = [await start('undici'), await start('tricube')]
  for (let round = 0; round < rounds; round++) {
    // The second one finds the server's caches warm, so they swap places.
    const order = round % 2 === 0 ? [undici, tricube] : [tricube, undici]
    const us = new Map()
    for (const caller of order) us.set(caller, await measure(caller, calls))
    results.push({ bare: us.get(undici), whole: us.get(tricube), added: us.get(tricube) - us.get(undici) })
  }
  undici.disconnect()
  tricube.disconnect()
}
server.disconnect()

const quantile = (share, numbers) => numbers.toSorted((a, b) => a - b)[Math.floor((numbers.length - 1) * share)]
const of = (key) => results.map((result) => result[key])
const row = (key) => [0.5, 0.25, 0.75].map((share) => quantile(share, of(key)).toFixed(1)).join(' | ')
console.log(`node ${process.version}, ${pairs} pairs of processes, ${rounds} rounds of ${calls} calls, 64 at a time`)
console.log('| µs CPU a call | median | from | to |')
console.log('|---|---|---|---|')
console.log(`| undici \`request\` and \`body.json()\` | ${row('bare')} |`)
console.log(`| tricube, the whole call path | ${row('whole')} |`)
console.log(`| added | ${row('added')} |`)
console.log(
  `\nadded: ${quantile(0.5, of('added')).toFixed(1)} µs, bound ${boundUs} µs; from and to: half of the rounds`,
)
if (quantile(0.5, of('added')) > boundUs) process.exitCode = 1

async function start(name) {
  const caller = fork(here('caller.mjs'), [name], { env })
  await once(caller, 'message')
  await measure(caller, warmUpCalls)
  return caller
}

async function measure(caller, count) {
  caller.send(count)
  const [us] = await once(caller, 'message')
  return us
}
