// `npm run check coverage`: how much of some rooms of src/ their own tests run. No figure may fall below coverage.json.
// `node scripts/coverage.mjs --record` writes that file.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { run } from './run.mjs'

/** Folders of src/ whose tests, in the folder of test/ with that name, are quick and stay in their process. */
const rooms = ['schema', 'contract', 'openapi', 'resilience', 'time', 'sqlText', 'sql/wire', 'sql/url']

/** Tests that are slow, or that run only where another program is installed. */
const excluded = ['openapi/property', 'openapi/requests', 'schema/models/wire', 'schema/validator/suite']

/** How far a figure may fall, in percentage points: random values and versions of Node reach some branches more or less. */
const tolerance = 0.3

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = `${root}node_modules/.cache/coverage`
const file = new URL('coverage.json', import.meta.url)

// Once more when a test fails: other work may have both cores.
if (!testRooms() && !testRooms()) process.exit(1)

const measured = shares(JSON.parse(readFileSync(`${folder}/coverage-summary.json`, 'utf8')))
if (process.argv.includes('--record')) writeFileSync(file, `${JSON.stringify(measured, undefined, 2)}\n`)
const recorded = JSON.parse(readFileSync(file, 'utf8'))
const fallen = Object.entries(measured).filter(([room, share]) => !(share >= recorded[room] - tolerance))
console.log(`coverage of ${rooms.length} rooms: ${measured.all} %, at least ${(recorded.all - tolerance).toFixed(2)} %`)
for (const [room, share] of fallen) console.error(`coverage of ${room} fell: ${share} %, recorded ${recorded[room]} %`)
process.exitCode = fallen.length > 0 ? 1 : 0

function testRooms() {
  rmSync(folder, { recursive: true, force: true })
  const tests = [...rooms.flatMap(testsOf), 'test/messages/contract.test.ts']
  const report = [
    ...['--coverage.enabled', '--coverage.provider=v8', '--coverage.reporter=json-summary'],
    ...[`--coverage.reportsDirectory=${folder}`, ...rooms.map((room) => `--coverage.include=src/${room}/**`)],
  ]
  return run(['vitest', 'run', '--retry=1', '--testTimeout=120000', ...tests, ...report], { quiet: true })
}

function testsOf(room) {
  const files = readdirSync(`${root}test/${room}`, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.test.ts'),
  )
  return files.map((name) => `test/${room}/${name}`).filter((path) => !excluded.includes(path.slice(5, -8)))
}

/** The percentages of statements and branches that ran, by room and of all rooms. */
function shares(summary) {
  const sums = new Map(['all', ...rooms].map((name) => [name, { covered: 0, total: 0 }]))
  for (const [path, { statements, branches }] of Object.entries(summary)) {
    const room = rooms.find((name) => path.startsWith(`${root}src/${name}/`))
    if (room === undefined) continue // the total
    for (const sum of [sums.get('all'), sums.get(room)]) {
      sum.covered += statements.covered + branches.covered
      sum.total += statements.total + branches.total
    }
  }
  return Object.fromEntries([...sums].map(([name, { covered, total }]) => [name, round((100 * covered) / total)]))
}

function round(percentage) {
  return Math.round(percentage * 100) / 100
}
