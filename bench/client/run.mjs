/**
 * CPU of the calling process for one call: tricube's client with all of its policies and two instances to choose from,
 * beside a bare undici request to one.
 * Rounds are interleaved, each contender in a process of its own; what is printed are medians.
 *
 *   npm run build && npm --prefix bench ci && node bench/client/run.mjs
 *
 * Exits 1 when the difference is over the bound.
 */
import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const boundUs = 6
const rounds = Number(process.env.ROUNDS ?? 5)
const calls = Number(process.env.CALLS ?? 60_000)
const run = promisify(execFile)
const here = (path) => fileURLToPath(new URL(path, import.meta.url))

const server = fork(here('server.mjs'))
const [ports] = await once(server, 'message')
const results = { undici: [], tricube: [] }
const env = { ...process.env, NODE_ENV: 'production', SERVER_PORTS: ports.join(), CALLS: String(calls) }
for (let round = 0; round < rounds; round++) {
  for (const name of Object.keys(results)) {
    const { stdout } = await run(process.execPath, [here('caller.mjs'), name], { env })
    results[name].push(JSON.parse(stdout).cpuUs)
  }
}
server.disconnect()

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]
const [bare, whole] = [median(results.undici), median(results.tricube)]
console.log(`node ${process.version}, ${rounds} rounds of ${calls} calls, 64 at a time`)
console.log('| | µs CPU a call |')
console.log('|---|---|')
console.log(`| undici \`request\` and \`body.json()\` | ${bare.toFixed(1)} |`)
console.log(`| tricube, the whole call path | ${whole.toFixed(1)} |`)
console.log(`\nadded: ${(whole - bare).toFixed(1)} µs, bound ${boundUs} µs`)
if (whole - bare > boundUs) process.exitCode = 1
