/**
 * What each trick of the hot path wins over the plain form.
 *
 *   npm ci && node --expose-gc bench/micro/run.mjs [trick …]
 *
 * Both forms take turns in one process, each turn about 2 ms long. A figure is the lower quartile of the turns, since other
 * programs can only add to one. It takes a minute and prints a row of the table in bench/README.md for each trick.
 */
import { bytes } from './bytes.mjs'
import { http } from './http.mjs'
import { schema } from './schema.mjs'
import { sql } from './sql.mjs'
import { trace } from './trace.mjs'

const turnMs = 2
const turns = 150
/** Keeps results alive, so that no form is compiled away. */
globalThis.kept = undefined

const tricks = { ...bytes, ...sql, ...schema, ...trace, ...http }
const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(tricks)

console.log(`Node ${process.version}\n\n| trick | trick, ns | plain, ns | wins |\n|---|---|---|---|`)
for (const name of wanted) {
  const { trick, plain } = tricks[name]
  const [ns, plainNs] = compare(trick, plain)
  console.log(`| ${name} | ${ns.toFixed(1)} | ${plainNs.toFixed(1)} | ${(100 * (1 - ns / plainNs)).toFixed(0)} % |`)
}

/** The nanoseconds of one round of each form. */
function compare(...forms) {
  const rounds = forms.map(roundsOfATurn)
  const costs = forms.map(() => [])
  for (let turn = 0; turn < turns; turn++) {
    const order = turn % 2 === 0 ? [0, 1] : [1, 0]
    for (const form of order) costs[form].push(nsOf(forms[form], rounds[form]))
    globalThis.gc?.({ type: 'minor' })
  }
  return costs.map(lowerQuartile)
}

/** How many rounds make a turn, once the form is compiled. */
function roundsOfATurn(form) {
  for (let count = 1000; ; count *= 2) {
    const ms = (nsOf(form, count) * count) / 1e6
    if (ms >= turnMs && count >= 16_000) return Math.ceil((count * turnMs) / ms)
  }
}

function nsOf(form, rounds) {
  const begun = performance.now()
  globalThis.kept = form(rounds)
  return ((performance.now() - begun) * 1e6) / rounds
}

function lowerQuartile(costs) {
  return costs.toSorted((a, b) => a - b)[Math.floor(costs.length / 4)]
}
