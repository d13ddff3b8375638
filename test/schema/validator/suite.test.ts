import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TSchema } from '@sinclair/typebox'
import { t } from 'tricube'
import { describe, expect, it } from 'vitest'
import { bodies, type Result } from './operations.ts'

/** The drafts of the JSON-Schema-Test-Suite; `node scripts/jsonSchemaSuite.mjs` fetches them and prints where they are. */
const suite = process.env['TRICUBE_TEST_JSON_SCHEMA_SUITE']
if (!suite) {
  process.stderr.write(`
!!! The JSON-Schema-Test-Suite is SKIPPED: TRICUBE_TEST_JSON_SCHEMA_SUITE names no folder.
    \`node scripts/jsonSchemaSuite.mjs\` fetches it.
`)
}

interface Group {
  readonly description: string
  readonly schema: object
  readonly tests: readonly { readonly description: string; readonly data: unknown; readonly valid: boolean }[]
}

/** Schemas that are rejected at definition on purpose: docs/validation.md. */
const rejected = [
  /"\$(?:anchor|dynamicAnchor|dynamicRef|recursiveRef|vocabulary)"|"unevaluatedItems":/,
  /"\$ref":"(?!#["/])/, // another document, or an anchor
  /"enum":\[\]|"maxContains":1,"minContains":3/, // no value can match
  /"f\.\*o"/, // a pattern that takes quadratic time
  /"\$schema":"http:\/\/localhost/,
  /"default":(?:\[\]|"bad"|5)/, // breaks its own schema
]

/** Where tricube differs from the standard on purpose, each with its reason. */
const different: Readonly<Record<string, string>> = {
  'anyOf complex types: both anyOf valid (complex)': 'the parts of a union are closed one by one',
  'single dependency: no dependency': 'a field is known where the schema that names it applies',
  'multiple dependencies subschema: no dependency': 'a field is known where the schema that names it applies',
  'properties whose names are Javascript object property names: all present and valid': '__proto__ is rejected',
  'required properties whose names are Javascript object property names: all present': '__proto__ is rejected',
  'ref overrides any sibling keywords: ref valid, maxItems ignored':
    'what stands beside $ref counts, as from 2019-09 on',
}

describe.runIf(suite).each(['draft2020-12', 'draft7'])('JSON-Schema-Test-Suite, %s, each schema as a body', (draft) => {
  const folder = join(suite ?? '', draft)
  const files = suite ? readdirSync(folder).filter((file) => file.endsWith('.json') && file !== 'format.json') : []

  it.each(files)('%s', async (file) => {
    const groups = (JSON.parse(readFileSync(join(folder, file), 'utf8')) as Group[]).filter(
      ({ schema }) => typeof schema === 'object' && !rejected.some((pattern) => pattern.test(JSON.stringify(schema))),
    )
    const wrong: string[] = []
    const send = await bodiesOf(groups)
    for (const [i, { description, schema, tests }] of groups.entries()) {
      for (const test of tests) {
        const title = `${description}: ${test.description}`
        const { status, problems } = await send(`s${i}`, JSON.stringify(test.data))
        const isRight = test.valid ? status === 200 || isUnknown(problems, schema) : status === 400
        if (isRight === title in different) wrong.push(`${title}: ${status} ${problems.join(', ')}`)
      }
    }
    expect(wrong).toEqual([])
  })
})

/** Calls the schemas by their index: one service for all, and one for each with definitions, whose names are a contract's. */
async function bodiesOf(groups: readonly Group[]): Promise<(name: string, body: string) => Promise<Result>> {
  const schemas = groups.map(({ schema }, i): [string, TSchema] => [`s${i}`, t.Unsafe(schema)])
  const named = schemas.filter(([, schema]) => '$defs' in schema || 'definitions' in schema)
  const own = named.map(async ([name, schema]) => [name, await bodies<string>({ [name]: schema })] as const)
  const sends = new Map(await Promise.all(own))
  const others = await bodies<string>(Object.fromEntries(schemas.filter((entry) => !named.includes(entry))))
  return (name, body) => (sends.get(name) ?? others)(name, body)
}

/** Whether all that is wrong is fields that the schema names nowhere: a body is closed. */
function isUnknown(problems: readonly string[], schema: object): boolean {
  return problems.every((problem) => {
    const name = /^(?:.*\.)?(.+) is not a known field/.exec(problem)?.[1]
    return name !== undefined && !JSON.stringify(schema).includes(`${JSON.stringify(name)}:`)
  })
}
