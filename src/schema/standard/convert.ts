import { isSchema } from '../schema.ts'
import type { ValueProblem } from '../validator/problems.ts'
import { maxProblems } from '../validator/work.ts'
import { asRead } from '../writer/values.ts'
import { describe } from './describe.ts'
import { isStandard, type Schema, type Schemas, type StandardSchema } from './spec.ts'

/** The value that a library makes of another, or what is wrong with that. */
export type Conversion =
  | { readonly value: unknown; readonly problems?: undefined }
  | { readonly problems: readonly ValueProblem[] }

/** Runs the check of a schema's own library, after that of its JSON Schema. */
export type Convert = (value: unknown) => Conversion

/** Compiles the check of a schema's own library. It is undefined where the JSON Schema says all. */
export function compileConvert(schema: Schema | undefined): Convert | undefined {
  if (!isStandard(schema) || isSchema(schema) || !describe(schema).hasMore) return undefined
  const own = schema['~standard']
  return (value) => {
    const result = own.validate(value)
    if (result instanceof Promise) {
      result.catch(() => {}) // its rejection would end the process
      throw new TypeError(`a schema of ${own.vendor} checks asynchronously: do that in the handler instead`)
    }
    return result.issues ? { problems: problemsOf(result.issues) } : { value: result.value }
  }
}

/** Converts what a handler returns. What fits the schema only as JSON, such as a `Date` of a row, is converted as that. */
export function convertData(convert: Convert, value: unknown): Conversion {
  const first = convert(value)
  if (!first.problems) return first
  const second = convert(asRead(value))
  return second.problems ? first : second
}

/** Compiles both checks of JSON: that of its JSON Schema, and that of the schema's own library. */
export function compileRead(schema: Schema, check: (value: unknown) => readonly ValueProblem[] | undefined): Convert {
  const convert = compileConvert(schema)
  return (value) => {
    const problems = check(value)
    if (problems) return { problems }
    return convert ? convert(value) : { value }
  }
}

/** Compiles the check of each library for the fields of an object, which are replaced in place. */
export function compileConvertFields(
  schemas: Schemas,
): ((values: unknown) => readonly ValueProblem[] | undefined) | undefined {
  const fields = Object.entries(schemas).flatMap(([name, schema]) => {
    const convert = compileConvert(schema)
    return convert ? [{ name, convert }] : []
  })
  if (fields.length === 0) return undefined
  return (values) => {
    const holder = values as Record<string, unknown>
    let all: ValueProblem[] | undefined
    for (const { name, convert } of fields) {
      const conversion = convert(holder[name])
      if (conversion.problems) (all ??= []).push(...conversion.problems.map((problem) => within(name, problem)))
      else if (conversion.value !== undefined) holder[name] = conversion.value
      else delete holder[name]
    }
    return all
  }
}

function within(name: string, { path, message }: ValueProblem): ValueProblem {
  return { path: path === '' ? name : `${name}.${path}`, message }
}

type Issues = NonNullable<Exclude<Awaited<ReturnType<StandardSchema['~standard']['validate']>>['issues'], undefined>>

/** Each problem once. */
function problemsOf(issues: Issues): ValueProblem[] {
  const found = new Map<string, ValueProblem>()
  for (const { path = [], message } of issues) {
    const field = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
    found.set(`${field}\n${message}`, { path: field, message })
    if (found.size >= maxProblems) break
  }
  return [...found.values()]
}
