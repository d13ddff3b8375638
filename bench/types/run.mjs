// How long the compiler takes for a contract of 500 operations with its handlers and a caller of each.
// Usage: node bench/types/run.mjs [operations]; exits 1 over the bound.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const boundSeconds = 2
const operations = Number(process.argv[2] ?? 500)
const root = fileURLToPath(new URL('../..', import.meta.url))
mkdirSync(join(root, 'node_modules/.cache'), { recursive: true })
const folder = mkdtempSync(join(root, 'node_modules/.cache/types-'))
try {
  const base = measure(program(0))
  const all = measure(program(operations))
  const seconds = all.seconds - base.seconds
  console.log('| operations | check time, s | instantiations | types |')
  console.log('|---|---|---|---|')
  for (const [count, row] of [
    [0, base],
    [operations, all],
  ]) {
    console.log(`| ${count} | ${row.seconds.toFixed(2)} | ${row.instantiations} | ${row.types} |`)
  }
  console.log(`\n${operations} operations: ${seconds.toFixed(2)} s of checking, bound ${boundSeconds} s`)
  if (seconds > boundSeconds) process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true })
}

/** The median of five checks. */
function measure(text) {
  writeFileSync(join(folder, 'program.ts'), text)
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: join(root, 'tsconfig.base.json'),
      compilerOptions: { noEmit: true, paths: { tricube: [join(root, 'src/index.ts')] } },
      files: ['program.ts'],
    }),
  )
  const rows = Array.from({ length: 5 }, check).sort((a, b) => a.seconds - b.seconds)
  return rows[2]
}

function check() {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const text = execFileSync(process.execPath, [tsc, '-p', folder, '--extendedDiagnostics'], { encoding: 'utf8' })
  const figure = (name) => Number(new RegExp(`^${name}:\\s+([\\d.]+)`, 'm').exec(text)?.[1])
  return { seconds: figure('Check time'), instantiations: figure('Instantiations'), types: figure('Types') }
}

function program(count) {
  const each = (line) => Array.from({ length: count }, (_, i) => line(i)).join('\n')
  return `
import { contract, NotFound, service, t, type Client } from 'tricube'
const Item = t.Object({ id: t.Integer(), name: t.String(), tags: t.Array(t.String()), note: t.Optional(t.String()) })
export const big = contract('big-service', {
${each(
  (i) => `  op${i}: {
    route: '${i % 2 ? 'PUT' : 'GET'} /things${i}/:id/parts/:part',
    params: { id: t.Integer(), part: t.String() },
    query: { q${i}: t.Optional(t.String()), limit: t.Integer() },
    ${i % 2 ? 'body: Item,' : 'paginated: true,'}
    returns: t.Object({ id: t.Integer(), item${i}: Item }),
    errors: [NotFound],
  },`,
)}
})
export default service(big, {
  handlers: {
${each(
  (i) => `    op${i}({ params, query${i % 2 ? ', body' : ''} }) {
      const one = { id: params.id + query.limit, item${i}: ${i % 2 ? 'body' : `{ id: 1, name: params.part + query.q${i}, tags: [] }`} }
      return ${i % 2 ? 'one' : '{ items: [one], total: query.page }'}
    },`,
)}
  },
})
export async function callAll(client: Client<typeof big>): Promise<void> {
${each(
  (i) =>
    `  const r${i} = await client.op${i}({ params: { id: 1, part: 'a' }, query: { limit: 1 }${i % 2 ? `, body: { id: 1, name: 'a', tags: [] }` : ''} }); r${i}${i % 2 ? '' : '.items[0]!'}.item${i}.name.trim()`,
)}
}
`
}
