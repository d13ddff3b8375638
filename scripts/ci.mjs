// Everything that has to hold before a change is merged; `.ci/run` calls it. Ends with `N passed, N failed`.
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { checks } from './checks.mjs'
import { findChromium } from './chromium.mjs'
import { findConsul } from './consul.mjs'
import { findJsonSchemaSuite } from './jsonSchemaSuite.mjs'
import { findNats } from './nats.mjs'
import { findNodes } from './nodes.mjs'
import { pack } from './pack.mjs'
import { findNewPgbouncer, findPgbouncer } from './pgbouncer.mjs'
import { findPgpool } from './pgpool.mjs'
import { findPromtool } from './promtool.mjs'
import { findRedis } from './redis.mjs'
import { run } from './run.mjs'

const maxRetried = 6
let passed = 0
const failed = []
const unstable = []
const consul = findConsul()
if (consul) process.env.TRICUBE_TEST_CONSUL = consul
const chromium = findChromium()
if (chromium) process.env.TRICUBE_TEST_CHROMIUM = chromium
const redis = findRedis()
if (redis) process.env.TRICUBE_TEST_REDIS = redis
const nats = findNats()
if (nats) process.env.TRICUBE_TEST_NATS = nats
const pgbouncer = findPgbouncer()
if (pgbouncer) process.env.TRICUBE_TEST_PGBOUNCER = pgbouncer
const newPgbouncer = findNewPgbouncer()
if (newPgbouncer) process.env.TRICUBE_TEST_NEW_PGBOUNCER = newPgbouncer
const pgpool = findPgpool()
if (pgpool) process.env.TRICUBE_TEST_PGPOOL = pgpool
const suite = findJsonSchemaSuite()
if (suite) process.env.TRICUBE_TEST_JSON_SCHEMA_SUITE = suite
const promtool = findPromtool()
if (promtool) process.env.TRICUBE_TEST_PROMTOOL = promtool
process.env.TRICUBE_TEST_NODES = findNodes()

try {
  for (const [name, command] of Object.entries(checks)) count(name, () => run(command()))
  countTests('npm test', {})
  const poolers = [
    // By hand: pgbouncer-discard and pgbouncer-session, which ask less, and pgpool.
    ...(pgbouncer ? ['pgbouncer-transaction'] : []),
    ...(newPgbouncer ? ['pgbouncer-prepared'] : []),
  ]
  for (const pooler of poolers) {
    // A pooler that exits is started again; what it interrupted is run once more.
    const paths = ['test/sql', '--retry', '1']
    countTests(`npm test -- test/sql behind ${pooler}`, { TRICUBE_TEST_BEHIND: pooler }, paths)
  }
  countTests('npm test on the packed tarball', { TRICUBE_TEST_PACKAGE: join(pack().folder, 'dist') })
} catch (error) {
  failed.push(`.ci/run itself: ${error.stack}`)
}

for (const name of unstable) console.log(`UNSTABLE, passed alone: ${name}`)
for (const name of failed) console.log(`FAILED ${name}`)
process.exitCode = failed.length > 0 ? 1 : 0
console.log(`${passed} passed, ${failed.length} failed`)

function count(name, succeeds) {
  console.log(`\n# ${name}`)
  if (succeeds()) passed += 1
  else failed.push(name)
}

/**
 * Counts what the tests themselves report; a run that fails without a failed test is one failure. The machine may be busy
 * with other work: up to six files that fail beside others run once more alone. Those that pass then are named.
 */
function countTests(name, env, paths = []) {
  console.log(`\n# ${name}`)
  let first = runTests(env, paths)
  if (!first.ok && first.broken.length === 0 && paths.length > 0) {
    // No test has failed, so what they run behind has.
    unstable.push(`${name}: the run itself`)
    first = runTests(env, paths)
  }
  passed += first.passed
  const retried = first.broken.length <= maxRetried ? first.broken : []
  if (retried.length === 0) {
    failed.push(...failures(name, first))
    return
  }
  console.log(`\n# ${name}, once more alone: ${retried.map(({ path }) => path).join(' ')}`)
  const alone = runTests(env, [...retried.map(({ path }) => path), '--maxWorkers=1'])
  passed += alone.passed - retried.reduce((sum, file) => sum + file.passed, 0)
  failed.push(...failures(name, alone))
  const stillBroken = new Set(alone.broken.map(({ path }) => path))
  unstable.push(...retried.filter(({ path }) => !stillBroken.has(path)).flatMap((file) => titles(name, file)))
}

function titles(name, { path, tests }) {
  return tests.map((test) => `${name}: ${path}: ${test}`)
}

function failures(name, { broken, ok }) {
  if (broken.length === 0 && !ok) return [`${name}: see above`]
  return broken.flatMap((file) => titles(name, file))
}

function runTests(env, paths) {
  const file = 'node_modules/.cache/tests.json'
  rmSync(file, { force: true })
  const isGreen = run(
    ['npm', 'test', '--', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`, ...paths],
    { env },
  )
  const results = readResults(file)
  const skipped = (results?.numPendingTests ?? 0) + (results?.numTodoTests ?? 0)
  if (skipped > 0) console.log(`${skipped} skipped`)
  const broken = (results?.testResults ?? [])
    .filter(({ status }) => status === 'failed')
    .map(({ name: path, assertionResults }) => {
      const tests = assertionResults.filter((test) => test.status === 'failed').map((test) => test.fullName)
      return {
        path,
        tests: tests.length > 0 ? tests : ['did not load'],
        passed: assertionResults.filter((test) => test.status === 'passed').length,
      }
    })
  return { broken, passed: results?.numPassedTests ?? 0, ok: isGreen && results?.success && results.numPassedTests > 0 }
}

function readResults(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}
