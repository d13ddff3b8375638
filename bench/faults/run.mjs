/**
 * The checks of faults: real processes on loopback, real signals, load at a fixed rate.
 *
 *   npm run faults                     all of them: twenty minutes
 *   npm run faults 12 hangUp           these, by number or name
 *   npm run faults -- --full           those that are shortened in full length: two hours
 *   npm run faults 24 -- --minutes 10 --transport nats    events for ten minutes, over NATS alone
 *
 * Prints what was measured beside its bound; exits 1 when one does not hold. A check is a module in `checks/` that
 * exports its `number`, its `title`, and `run({ full, minutes, transport })`, which resolves to rows of `[what, measured, bound, holds]`.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { availableParallelism, loadavg } from 'node:os'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const bench = fileURLToPath(new URL('..', import.meta.url))
if (!existsSync(`${bench}/node_modules/tricube`)) execFileSync('npm', ['--prefix', bench, 'ci'], { stdio: 'inherit' })

const { values, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    full: { type: 'boolean', default: false },
    minutes: { type: 'string' },
    transport: { type: 'string' },
  },
})
const all = await findChecks()
const isNamed = ({ name, number }, text) => text === name || text === String(number)
const unknown = wanted.filter((text) => !all.some((check) => isNamed(check, text)))
if (unknown.length > 0) {
  console.error(`there is no check ${unknown}, but\n${all.map(({ number, name }) => `${number} ${name}`).join('\n')}`)
  process.exit(2)
}

const [load] = loadavg()
const cores = availableParallelism()
if (load > 2 * cores)
  console.error(`${cores} cores with a load of ${load.toFixed(0)}: bounds of time may well not hold`)

let misses = 0
console.log('| | fault | | measured | bound | |')
console.log('|---|---|---|---|---|---|')
for (const check of all) {
  if (wanted.length > 0 && !wanted.some((text) => isNamed(check, text))) continue
  for (const [what, measured, bound, holds] of await rowsOf(check)) {
    console.log(
      `| ${check.number} | ${check.title} | ${what} | ${measured} | ${bound} | ${holds ? 'ok' : '**FAILED**'} |`,
    )
    if (!holds) misses++
  }
}
console.log(`\n${misses === 0 ? 'every bound holds' : `${misses} bounds do not hold`}`)
process.exit(misses === 0 ? 0 : 1)

async function findChecks() {
  const folder = new URL('checks/', import.meta.url)
  const files = (await readdir(folder)).filter((file) => file.endsWith('.mjs'))
  const modules = files.map(async (file) => ({
    name: basename(file, '.mjs'),
    ...(await import(new URL(file, folder))),
  }))
  return (await Promise.all(modules)).sort((a, b) => a.number - b.number || (a.name < b.name ? -1 : 1))
}

async function rowsOf({ run }) {
  try {
    return await run(optionsOf(values))
  } catch (error) {
    console.error(error)
    return [['the check itself', String(error.message).split('\n')[0], 'no error', false]]
  }
}

function optionsOf({ full, minutes, transport }) {
  return { full, ...(minutes && { minutes: Number(minutes) }), ...(transport && { transport }) }
}
