// How long the compiler takes for a contract of 500 operations of every kind, with its handlers and a caller of each.
// Usage: node bench/types/run.mjs [operations]; exits 1 over the bound.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const boundSeconds = 2

/** Operations of every kind: their fields, their handler, the body of a call, and what is read of its result. */
const kinds = [
  {
    method: 'GET',
    fields: (i) => `paginated: true, returns: t.Object({ id: t.Integer(), item${i}: Item }),`,
    handler: (i) =>
      `({ params, query }) { return { items: [{ id: params.id, item${i}: { id: 1, name: params.part + query.q${i}, tags: [] } }], total: query.page } }`,
    body: '',
    read: (i) => `.items[0]!.item${i}.name.trim()`,
  },
  {
    method: 'PUT',
    fields: (i) => `body: Item, returns: t.Object({ id: t.Integer(), item${i}: Item }),`,
    handler: (i) => `({ params, query, body }) { return { id: params.id + query.limit, item${i}: body } }`,
    body: `, body: { id: 1, name: 'a', tags: [] }`,
    read: (i) => `.item${i}.name.trim()`,
  },
  {
    method: 'GET',
    fields: () => `paginated: 'cursor', cursor: t.Object({ id: t.Integer() }), returns: Item,`,
    handler: () => `({ query }) { return { items: [], next: query.cursor && { id: query.cursor.id + query.size } } }`,
    body: '',
    read: () => `.items[0]!.name.trim()`,
  },
  {
    method: 'POST',
    fields: (i) =>
      `body: Item, status: 201, returns: Item, responses: { 202: t.Object({ job${i}: t.Integer() }), 204: null }, responseHeaders: { 'x-count': t.Integer() }, etag: true,`,
    handler: (i) =>
      `({ body, response }) { response.header('x-count', 1); if (body.note) { response.status(202); return { job${i}: 1 } } return body }`,
    body: `, body: { id: 1, name: 'a', tags: [] }`,
    read: () => '',
  },
  {
    method: 'PUT',
    fields: () =>
      `body: upload({ types: ['image/*'], maxBytes: 1000 }), returns: t.Object({ sha256: t.String() }), setCookies: { session },`,
    handler: () =>
      `: async ({ params, body, response }) => { response.cookie('session', params.part); return body.save(params.part) }`,
    body: `, body: 'abc'`,
    read: () => `.sha256.trim()`,
  },
  {
    method: 'GET',
    fields: () => `returns: file('text/csv'), cookies: { session },`,
    handler: () =>
      `({ params, cookies }) { return { content: csv([{ id: params.id }]), name: cookies.session ?? 'x' } }`,
    body: '',
    read: () => `.size.toFixed()`,
  },
  {
    method: 'POST',
    fields: () =>
      `body: form({ name: t.String(), amount: t.Integer(), gift: t.Boolean({ default: false }) }), returns: t.Integer(),`,
    handler: () => `({ body }) { return body.gift ? body.amount : body.name.length }`,
    body: `, body: { name: 'a', amount: 1 }`,
    read: () => `.toFixed()`,
  },
  {
    method: 'PUT',
    fields: () => `body: ZodItem, returns: ZodItem,`,
    handler: () => `({ body }) { return { ...body, tags: body.tags.slice(1) } }`,
    body: `, body: { id: 1, name: 'a' }`,
    read: () => `.tags[0]!.trim()`,
  },
]
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
  const each = (line) => Array.from({ length: count }, (_, i) => line(i, kinds[i % kinds.length])).join('\n')
  return `
import { contract, cookie, csv, file, form, NotFound, service, t, upload, type Client } from 'tricube'
import { z } from 'zod'
const Item = t.Object({ id: t.Integer(), name: t.String(), tags: t.Array(t.String()), note: t.Optional(t.String()) })
const ZodItem = z.object({ id: z.int(), name: z.string(), tags: z.array(z.string()).default([]) })
const session = cookie({ signed: true })
export const big = contract('big-service', {
${each(
  (i, { method, fields }) => `  op${i}: {
    route: '${method} /things${i}/:id/parts/:part',
    params: { id: t.Integer(), part: t.String() },
    query: { q${i}: t.Optional(t.String()), limit: t.Integer() },
    ${fields(i)}
    errors: [NotFound],
  },`,
)}
})
export default service(big, {
  handlers: {
${each((i, { handler }) => `    op${i}${handler(i)},`)}
  },
})
export async function callAll(client: Client<typeof big>): Promise<void> {
${each(
  (i, { body, read }) =>
    `  const r${i} = await client.op${i}({ params: { id: 1, part: 'a' }, query: { limit: 1 }${body} }); r${i}${read(i)}`,
)}
}
`
}
