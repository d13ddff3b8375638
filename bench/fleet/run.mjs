/**
 * 1,000 callers and 10,000 instances through deploys, faults and storms, in virtual time.
 *
 *   npm ci && node --expose-gc bench/fleet/run.mjs [scenario …]
 *
 * The oracle knows every queue. All of it takes some minutes. Exits 1 when a pick takes over 1 µs or a storm is amplified by more than 1.1.
 */
import { internals } from '../internals.mjs'
import { scenarios } from './scenarios.mjs'
import { oracleMs } from './simulation.mjs'

const { noEjection, Fleet, p2c, noSubset } = await internals(
  'resilience/ejection.ts',
  'resilience/fleet.ts',
  'resilience/p2c.ts',
  'resilience/subset.ts',
)

const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(scenarios)
const [p50, p99] = [oracleMs(50), oracleMs(99)]
const percent = (share) => (typeof share === 'number' ? `${(share * 100).toFixed(1)} %` : (share ?? ''))

console.log(
  '| scenario | share of the instances in question | p50, ms (oracle) | p99, ms (oracle) | failures | attempts a call | recovered after |',
)
console.log('|---|---|---|---|---|---|---|')
for (const name of wanted) {
  const result = scenarios[name]()
  const recovered = result.recoverS === undefined ? '' : `${result.recoverS} s`
  console.log(
    `| ${name} | ${percent(result.share)} | ${result.p50.toFixed(0)} (${p50.toFixed(0)}) | ` +
      `${result.p99.toFixed(0)} (${p99.toFixed(0)}) | ${(result.failures * 100).toFixed(3)} % | ` +
      `${result.amplification.toFixed(3)} | ${recovered} |`,
  )
  if (result.kibPerCaller !== undefined && globalThis.gc) {
    console.error(`memory of one caller of 10,000 instances: ${result.kibPerCaller.toFixed(0)} KiB`)
  }
  if (name === 'retry storm' && result.amplification > 1.1) process.exitCode = 1
}

const fleet = new Fleet({ balancer: p2c(), ejection: noEjection, subset: noSubset })
fleet.update(
  Array.from({ length: 10_000 }, (_, n) => ({ key: `i${n}`, item: n })),
  0,
)
const picks = 1_000_000
for (let n = 0; n < picks; n++) fleet.pick(n / 100)
const from = performance.now()
for (let n = 0; n < picks; n++) fleet.pick(n / 100)
const pickUs = ((performance.now() - from) * 1000) / picks
console.log(`\none pick of 10,000: ${pickUs.toFixed(2)} µs, bound 1 µs`)
if (pickUs > 1) process.exitCode = 1
