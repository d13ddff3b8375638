// Imports inside src/ go one way: a layer may import itself and the layers that it names here, and no files import each
// other in a circle, types included.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const below = {
  time: [],
  resilience: ['time'],
  load: ['schema'],
  bytes: [],
  sqlText: [],
  tls: [],
  schema: [],
  contract: ['time', 'schema'],
  config: ['time', 'load', 'schema'],
  log: ['contract', 'resilience', 'bytes'],
  metrics: ['contract', 'resilience'],
  trace: ['time', 'sqlText', 'contract', 'resilience', 'bytes'],
  decorators: ['trace'],
  openapi: ['contract', 'schema'],
  compatibility: ['contract', 'schema'],
  sql: ['time', 'sqlText', 'contract', 'config', 'resilience', 'log'],
  tables: ['sql'],
  queue: ['time', 'resilience', 'contract', 'sql', 'tables'],
  jobs: ['time', 'contract', 'schema', 'metrics', 'sql', 'queue'],
  events: ['time', 'contract', 'schema', 'sql', 'tables'],
  discovery: ['time', 'contract', 'resilience', 'log'],
  client: ['time', 'contract', 'compatibility', 'config', 'schema', 'resilience', 'tls', 'log', 'trace', 'discovery'],
  http: ['contract', 'schema', 'openapi', 'resilience', 'tls', 'log', 'trace', 'bytes', 'load'],
  auth: ['time', 'contract', 'config', 'schema', 'log', 'sql', 'tables'],
  models: ['schema'],
  migrations: ['time', 'sqlText', 'contract', 'resilience', 'load', 'log', 'sql', 'bytes', 'postgres'],
  postgres: ['bytes'],
  devIssuer: [],
  fakeConsul: ['time', 'discovery'],
  fakeKubernetes: ['time', 'discovery'],
  faultProxy: [],
  dashboard: ['load', 'bytes', 'tls', 'log', 'openapi', 'trace', 'sql', 'sqlText', 'queue', 'jobs', 'events'],
}
below.service = [
  ...Object.keys(below).filter(
    (room) =>
      !['dashboard', 'decorators', 'postgres', 'devIssuer', 'fakeConsul', 'fakeKubernetes', 'faultProxy'].includes(
        room,
      ),
  ),
]
below.testing = [...Object.keys(below), 'service']
below.cli = [...below.testing, 'testing', 'index.ts']

const { positionals } = parseArgs({ allowPositionals: true })
const src = positionals[0] ?? fileURLToPath(new URL('../src', import.meta.url))
const files = readdirSync(src, { recursive: true }).filter((file) => /\.tsx?$/.test(file))
const imports = new Map(files.map((file) => [file, importsOf(file)]))
const wrong = [
  ...files
    .filter((file) => file.includes(sep))
    .flatMap((file) => imports.get(file).flatMap((to) => problemOf(file, to))),
  ...circles().map((circle) => `circle: ${[...circle, circle[0]].map((file) => `src/${file}`).join(' → ')}`),
]

for (const problem of wrong) console.error(problem)
if (wrong.length > 0) process.exitCode = 1

/** What a file imports from src/, relative to it. */
function importsOf(file) {
  const text = readFileSync(join(src, file), 'utf8')
  const specifiers = text.matchAll(/^\s*(?:import|export)\b[^'"]*?['"](\.[^'"]+)['"]|\bimport\(\s*['"](\.[^'"]+)['"]/gm)
  return [...specifiers].map(([, named, lazy]) => relative(src, join(src, dirname(file), named ?? lazy)))
}

function problemOf(file, imported) {
  const [from, to] = [file, imported].map((path) => path.split(sep)[0])
  if (from === to) return []
  if (below[from] === undefined) return [`src/${file}: "${from}" is no layer; add it to scripts/check-imports.mjs`]
  return below[from].includes(to)
    ? []
    : [`src/${file} imports ${imported}: ${from} may import ${below[from].join(', ') || 'nothing'}`]
}

/** A circle through each file that imports itself by way of others, the shortest; each circle once. */
function circles() {
  const found = new Map()
  for (const file of files) {
    const circle = shortestCircle(file)
    const members = circle && files.filter((each) => circle.includes(each)).join()
    if (circle && !found.has(members)) found.set(members, circle)
  }
  return [...found.values()]
}

/** Breadth first, so the first way back is the shortest. */
function shortestCircle(start) {
  const ways = [[start]]
  const seen = new Set()
  for (const way of ways) {
    for (const next of imports.get(way.at(-1)) ?? []) {
      if (next === start) return way
      if (!seen.has(next)) ways.push([...way, next])
      seen.add(next)
    }
  }
  return undefined
}
