import { OptionalKind } from '@sinclair/typebox'
import { queryProblem } from '../schema/query.ts'
import { isSchema, type JsonSchema } from '../schema/schema.ts'
import { isMeantOptional, jsonOf, notByName, notSchema } from '../schema/standard/json.ts'
import type { Schema } from '../schema/standard/spec.ts'
import { isText } from '../schema/text.ts'
import { bodyRuleOf, formFieldsOf } from './body.ts'
import { partsOf } from './multipart.ts'
import type { Operation } from './operation.ts'
import { schemaFault } from './schemaFault.ts'

/** Schemas are given by name where they are read from text, and as one where they are JSON. */
export function partProblem(operation: Operation): string | undefined {
  const problems = [...textParts, 'responseHeaders' as const].map((part) => {
    const wrong = notByName(operation[part])
    return wrong && `${part} ${wrong}`
  })
  return problems.find(Boolean)
}

/** Returns what is wrong with the schemas of an operation. */
export function schemaProblem(operation: Operation): string | undefined {
  for (const part of textParts) {
    const properties = operation[part]
    if (properties === undefined) continue
    for (const [name, schema] of Object.entries(properties)) {
      const wrong = notSchema(schema, 'like t.String()')
      if (wrong) return `${part}.${name} ${wrong}`
      if (part === 'headers' && name !== name.toLowerCase()) {
        return `headers.${name} must be in lower case: ${name.toLowerCase()}`
      }
      const path = `${part}.${name}`
      const problem =
        schemaFault(part === 'query' ? withoutStyle(schema) : schema, 'input', path) ?? textProblem(schema, part, name)
      if (problem) return problem
      if (part === 'params' && isMeantOptional(schema)) {
        return `${path} cannot be optional: a path without it is another path, so give that an operation of its own`
      }
    }
  }
  for (const part of ['body', 'returns', 'cursor'] as const) {
    const schema = operation[part]
    if (schema === undefined) continue
    const wrong = notSchema(schema, 'like t.Object({ … })')
    if (wrong) return `${part} ${wrong}`
    const problem = schemaFault(schema, part === 'returns' ? 'output' : 'input', part)
    if (problem) return problem
    if (part === 'body' ? isMeantOptional(schema) : OptionalKind in schema) {
      const how = isSchema(schema) ? ' with t.Union([…, t.Null()])' : ''
      return `${part} cannot be optional: make its fields optional, or allow null${how}`
    }
  }
  if (operation.paginated && operation.returns && isList(jsonOf(operation.returns, 'output'))) {
    return 'returns is the schema of one item when paginated, got that of a list: use the schema of its items'
  }
  const formProblem = operation.body && fieldsProblem(operation.body)
  if (formProblem) return formProblem
  const { responses = {}, responseHeaders = {} } = operation
  const others = [
    ...Object.entries(responses).map(([status, schema]) => [`responses[${status}]`, schema] as const),
    ...Object.entries(responseHeaders).map(([name, schema]) => [`responseHeaders.${name}`, schema] as const),
  ]
  for (const [where, schema] of others) {
    const problem = schema && schemaFault(schema, 'output', where)
    if (problem) return problem
  }
  return undefined
}

/** Returns which field of a form no text can match. */
function fieldsProblem(body: Schema): string | undefined {
  const { form } = bodyRuleOf(body)
  if (form !== 'form' && form !== 'multipart') return undefined
  const fields = Object.entries(form === 'form' ? formFieldsOf(body) : partsOf(body).fields)
  const wrong = fields.find(([, schema]) => !isText(jsonOf(schema, 'input')))
  if (wrong) return `body.${wrong[0]}: a form is text and cannot hold an object or a list of lists`
  for (const [name, schema] of fields) {
    const problem = schemaFault(schema, 'input', `body.${name}`)
    if (problem) return problem
  }
  return undefined
}

/** Returns why no text can match a schema. */
function textProblem(schema: Schema, part: (typeof textParts)[number], name: string): string | undefined {
  if (part === 'query') {
    const problem = queryProblem(schema)
    return problem && `query.${name}: ${problem}`
  }
  if (isText(jsonOf(schema, 'input'))) return undefined
  const where = { params: 'a path', headers: 'a header' }[part]
  return `${part}.${name}: ${where} is text and cannot hold an object or a list of lists, use a scalar or a list of scalars`
}

/** Whether a schema is that of a list of any length. A tuple may be the row of a table. */
function isList({ type, items, prefixItems }: JsonSchema): boolean {
  return type === 'array' && prefixItems === undefined && !Array.isArray(items)
}

/** The style of a parameter is none of the keywords of its schema. */
function withoutStyle(schema: Schema): Schema {
  if (!isSchema(schema)) return schema
  const { style: _, ...rest } = schema
  return rest
}

const textParts = ['params', 'query', 'headers'] as const
