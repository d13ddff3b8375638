/**
 * What it adds to a request that a service protects itself: strict HTTP, prototype names, slow readers, admission.
 *
 *   npm run build && npm --prefix bench/http ci --omit=dev && node bench/http/quick/hardening.mjs
 *
 * tricube, everything on, beside itself without these, which unprotected.mjs takes out. Exits 1 when they cost more than
 * a microsecond a request.
 */
import { startBench } from '../bench.mjs'
import { peers } from '../peers.mjs'
import { works } from '../works.mjs'
import { startServer, takeTurns } from './turns.mjs'

const boundUs = 1
const pairs = Number(process.env.PAIRS ?? 3)
const tricube = peers.find(({ name }) => name === 'tricube')
const sides = ['unprotected.mjs?protected', 'unprotected.mjs'].map((name) => [
  '--import',
  new URL(name, import.meta.url).href,
])

const bench = await startBench(process.execPath)
const added = []
try {
  for (let pair = 0; pair < pairs; pair++) {
    const servers = sides.map((options) => startServer(bench, tricube, works.hello, options))
    const [protecting, bare] = await takeTurns(servers)
    console.log(`${protecting.toFixed(2)} µs a request, ${bare.toFixed(2)} without: ${(protecting - bare).toFixed(2)}`)
    added.push(protecting - bare)
  }
} finally {
  await bench.stop()
}
const middle = added.toSorted((a, b) => a - b)[Math.floor(pairs / 2)]
console.log(
  `${middle <= boundUs ? 'ok' : 'FAILED'}: ${middle.toFixed(2)} µs, ${boundUs} allowed; node ${process.version}`,
)
process.exitCode = middle <= boundUs ? 0 : 1
