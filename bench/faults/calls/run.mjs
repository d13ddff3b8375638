/**
 * Faults between a caller and its callees: real processes on loopback, real signals, open-loop load.
 *
 *   npm run build && npm --prefix bench ci && node bench/faults/calls/run.mjs [check …]
 *
 * Prints what was measured beside its bound; exits 1 when one does not hold. All of it takes five minutes.
 */
import { checks } from './checks.mjs'

const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(checks)
const unknown = wanted.find((name) => !Object.hasOwn(checks, name))
if (unknown) {
  console.error(`there is no check "${unknown}", but ${Object.keys(checks).join(', ')}`)
  process.exit(2)
}

console.log('| fault | | measured | bound | |')
console.log('|---|---|---|---|---|')
for (const name of wanted) {
  for (const [what, measured, bound, holds] of await checks[name]()) {
    console.log(`| ${name} | ${what} | ${measured} | ${bound} | ${holds ? 'ok' : 'FAILED'} |`)
    if (!holds) process.exitCode = 1
  }
}
