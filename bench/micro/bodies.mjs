/**
 * What it costs to check a body whose schema is Zod's, beside the same in TypeBox.
 *
 *   node --expose-gc bench/micro/bodies.mjs
 *
 * The bound is 1.1 where Zod has no code of its own to run. It exits with 1 over the bound. The last row has a refinement,
 * which Zod checks itself, for comparison.
 */
import { z } from 'zod'
import { internals } from '../internals.mjs'

const bound = 1.1
const { compileValidator, t } = await internals('http/operation/validator.ts', 'schema/schema.ts')

const own = t.Object({
  id: t.Integer({ minimum: 1, maximum: 2 ** 31 - 1 }),
  name: t.String({ minLength: 1, maxLength: 128 }),
  tags: t.Array(t.String({ maxLength: 32 }), { maxItems: 16 }),
  status: t.Union([t.Literal('draft'), t.Literal('active')]),
  address: t.Object({ street: t.String(), zip: t.Optional(t.String()) }),
})
const foreign = z.object({
  id: z.int32().min(1),
  name: z.string().min(1).max(128),
  tags: z.array(z.string().max(32)).max(16),
  status: z.enum(['draft', 'active']),
  address: z.object({ street: z.string(), zip: z.string().optional() }),
})
const body = { id: 7, name: 'Ada', tags: ['a', 'b', 'c'], status: 'active', address: { street: 'Main St' } }

const typebox = run(own)
console.log('| schema | ns a body | times TypeBox |\n|---|---|---|')
const plain = report('Zod', run(foreign))
report('Zod with a refinement', run(foreign.refine(() => true)))
if (plain > bound) process.exitCode = 1

/** Compiles the check of requests with such a body. */
function run(schema) {
  const validate = compileValidator({ route: 'POST /', body: schema })
  return () => validate({ query: {}, body })
}

function report(name, check) {
  const [ns, plainNs] = compare(check, typebox)
  console.log(`| ${name} | ${ns.toFixed(0)} | ${(ns / plainNs).toFixed(2)} |`)
  return ns / plainNs
}

/** The lower quartile of turns of each check, in turn. */
function compare(...checks) {
  const costs = checks.map(() => [])
  for (let turn = 0; turn < 200; turn++) {
    const order = turn % 2 === 0 ? [0, 1] : [1, 0]
    for (const i of order) costs[i].push(nsOf(checks[i]))
    globalThis.gc?.({ type: 'minor' })
  }
  return costs.map((all) => all.slice(20).toSorted((a, b) => a - b)[Math.floor((all.length - 20) / 4)])
}

function nsOf(check) {
  const rounds = 5000
  const begun = performance.now()
  for (let i = 0; i < rounds; i++) check()
  return ((performance.now() - begun) * 1e6) / rounds
}
