import { mapSchema, type JsonSchema } from '../schema/schema.ts'
import type { Side } from '../schema/standard/describe.ts'
import { jsonOf } from '../schema/standard/json.ts'
import type { Schema } from '../schema/standard/spec.ts'
import { canonical } from '../schema/validator/unique.ts'
import { bodyRuleOf, formFieldsOf } from './body.ts'
import { ContractError } from './check.ts'
import { partsOf } from './multipart.ts'
import type { Operation, Operations } from './operation.ts'

/**
 * Checks the names of schemas, which are their names in OpenAPI.
 *
 * @throws {ContractError} when two different schemas have one name
 */
export function checkNames(service: string, operations: Operations): void {
  const known = new Map<string, { readonly schema: JsonSchema; readonly at: string }>()
  for (const [key, operation] of Object.entries(operations)) {
    for (const [where, schema, side] of schemasOf(operation)) {
      // How a parameter is written is no part of its schema.
      const { style: _, ...json } = jsonOf(schema, side) as JsonSchema
      claim(json, `${key}.${where}`)
    }
  }

  /** Returns the schema, with references for the schemas in it that have a name. */
  function claim({ $id, $defs, ...rest }: JsonSchema, at: string): JsonSchema {
    for (const [name, one] of Object.entries($defs ?? {})) claim({ $id: name, ...one }, at)
    const schema = mapSchema(rest, (inner) => claim(inner, at))
    const { $ref } = schema
    const plain = typeof $ref === 'string' ? { ...schema, $ref: $ref.replace(/^#\/\$defs\//, '') } : schema
    if (typeof $id !== 'string') return plain
    if (reserved.has($id)) {
      throw new ContractError(`${service}.${at}: "${$id}" is the name of tricube's own errors: use another id`)
    }
    const other = known.get($id)
    if (other && canonical(other.schema) !== canonical(plain)) {
      throw new ContractError(
        `${service}.${at}: the id "${$id}" is that of a different schema in ${other.at}: give one of them another id`,
      )
    }
    known.set($id, other ?? { schema: plain, at })
    return { $ref: $id }
  }
}

/** The names of the bodies of errors. */
const reserved: ReadonlySet<string> = new Set(['ErrorBody', 'ValidationErrorBody'])

/** Returns the schemas of an operation that OpenAPI describes, with their places. */
function schemasOf(operation: Operation): [where: string, schema: Schema, side: Side][] {
  const { params, query, headers, body, returns, responses, responseHeaders } = operation
  const input = {
    ...within('params', params),
    ...within('query', query),
    ...within('headers', headers),
    ...partsIn(body),
  }
  const output = {
    ...(returns && { returns }),
    ...within('responses', responses),
    ...within('responseHeaders', responseHeaders),
  }
  return [
    ...Object.entries(input).map(([where, schema]) => [where, schema, 'input'] as [string, Schema, Side]),
    ...Object.entries(output).map(([where, schema]) => [where, schema, 'output'] as [string, Schema, Side]),
  ]
}

function partsIn(body: Schema | undefined): Record<string, Schema> {
  if (body === undefined) return {}
  const { form } = bodyRuleOf(body)
  if (form === 'json') return { body }
  return within('body', form === 'multipart' ? partsOf(body).fields : formFieldsOf(body))
}

function within(part: string, schemas: Readonly<Record<string, Schema | null>> = {}): Record<string, Schema> {
  const entries = Object.entries(schemas).flatMap(([name, schema]) => (schema ? [[`${part}.${name}`, schema]] : []))
  return Object.fromEntries(entries) as Record<string, Schema>
}
