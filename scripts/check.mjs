// `npm run check` runs every check that is no test; `npm run check lint format` only these.
import { checks } from './checks.mjs'
import { run } from './run.mjs'

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(checks)
const unknown = names.find((name) => !Object.hasOwn(checks, name))
if (unknown) {
  console.error(`there is no check "${unknown}", but ${Object.keys(checks).join(', ')}`)
  process.exit(2)
}

const failed = names.filter((name) => !passes(name))
if (failed.length > 0) {
  console.error(`\nfailed: ${failed.join(', ')}`)
  process.exitCode = 1
}

function passes(name) {
  const from = performance.now()
  const ok = run(checks[name](), { quiet: true })
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name} (${((performance.now() - from) / 1000).toFixed(1)} s)`)
  return ok
}
