import type { ErrorObject } from 'ajv'
import ajvFormats, { type FormatName } from 'ajv-formats'
import { isObject } from './dialect.ts'
import { nearestName } from './nearestName.ts'
import { maxProblems } from './work.ts'

/** A problem of a value. */
export interface ValueProblem {
  /** The field, such as `address.street` or `tags.0`; empty for the value itself. */
  readonly path: string
  readonly message: string
}

/** Converts ajv's errors to problems for people: each once, and of a union those of the part that is closest. */
export function problemsOf(errors: readonly ErrorObject[]): ValueProblem[] {
  const found = new Map<string, ValueProblem>()
  for (const error of errors) {
    // What is wrong with the name of a field is in the error of `propertyNames`.
    if (error.propertyName !== undefined || isFollowing(error, errors)) continue
    for (const problem of error.keyword === 'union' ? unionProblems(error) : [problemOf(error)]) {
      found.set(`${problem.path}\n${problem.message}`, problem)
    }
    if (found.size >= maxProblems) break
  }
  return [...found.values()].slice(0, maxProblems)
}

/**
 * Whether an error only follows from another. A field counts as unknown when the part that knows it does not match; the
 * real problem is in that part.
 */
function isFollowing(
  { keyword, instancePath, params, parentSchema }: ErrorObject,
  errors: readonly ErrorObject[],
): boolean {
  if (keyword !== 'unevaluatedProperties') return false
  const name: string = params['unevaluatedProperty']
  const isNamed = namesIn(parentSchema).has(name)
  return isNamed && errors.some((other) => other.keyword !== keyword && other.instancePath.startsWith(instancePath))
}

function problemOf({ instancePath, keyword, params, message, parentSchema, data }: ErrorObject): ValueProblem {
  const parts = instancePath.split('/').slice(1).map(unescapePointer)
  const path = parts.join('.')
  switch (keyword) {
    case 'required':
    case 'dependentRequired':
      return { path: [...parts, params['missingProperty']].join('.'), message: 'is required' }
    case 'additionalProperties':
      return unknownField([...parts, params['additionalProperty']], parentSchema)
    case 'unevaluatedProperties':
      return unknownField([...parts, params['unevaluatedProperty']], parentSchema)
    case 'select':
      return {
        path: [...parts, params['tag']].join('.'),
        message: params['isMissing'] ? 'is required' : oneOf(tagsOf(parentSchema)),
      }
    case 'propertyNames':
      return unknownName(parts, params['propertyName'], parentSchema)
    case 'enum':
      return { path, message: oneOf(params['allowedValues']) }
    case 'const':
      return { path, message: `must be ${text(params['allowedValue'])}` }
    case 'type':
      return { path, message: `must be ${[params['type']].flat().join(' or ')}` }
    case 'minimum':
    case 'maximum':
      return { path, message: isRounded(params, parentSchema) ? roundedProblem(parentSchema) : message! }
    case 'minProperties':
      return { path, message: tooFewFields(params['limit'], [...namesIn(parentSchema)]) }
    case 'format':
      return { path, message: `${message}${hasNoOffset(params['format'], data) ? missingOffset : ''}` }
    case 'pattern':
      return { path, message: formatProblem(parentSchema, data) ?? message! }
    case 'not':
      return { path, message: 'must not be what the contract excludes' }
    case 'union':
    case 'oneOf':
      return { path, message: 'must match one of the allowed forms' }
    case 'false schema':
      return { path, message: 'is not allowed' }
    default:
      return { path, message: message ?? keyword }
  }
}

/** Selects the part with the fewest problems; parts with one problem each become alternatives. */
function unionProblems(error: ErrorObject): ValueProblem[] {
  const parts: readonly (readonly ErrorObject[])[] = error.params['parts'] ?? []
  const lists = parts.map(problemsOf).filter((problems) => problems.length > 0)
  const fewest = Math.min(...lists.map((problems) => problems.length))
  const [nearest, ...ties] = lists.filter((problems) => problems.length === fewest)
  if (!nearest) return [problemOf(error)]
  if (ties.length === 0) return nearest
  const alternatives = [nearest, ...ties].map(([problem]) => problem!)
  const path = nearest[0]!.path
  if (fewest === 1 && alternatives.every((problem) => problem.path === path)) {
    return [{ path, message: [...new Set(alternatives.map(({ message }) => message))].join(', or ') }]
  }
  if (fewest === 1 && alternatives.every(({ message }) => message === 'is required')) {
    const names = alternatives.map((problem) => problem.path.split('.').at(-1)).join(' or ')
    return [{ path: problemOf(error).path, message: `must have ${names}` }]
  }
  return [problemOf(error)]
}

function tooFewFields(least: number, names: readonly string[]): string {
  if (least !== 1) return `must have at least ${least} fields`
  return names.length > 0 ? `must have at least one of ${names.join(', ')}` : 'must have at least one field'
}

function hasNoOffset(format: string, value: unknown): boolean {
  return format === 'date-time' && /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?$/.test(String(value))
}
const missingOffset = ': its offset is missing, such as Z or +02:00'

/** Returns what is wrong with a text whose format another library checks by a pattern, which few can read. */
function formatProblem(parentSchema: unknown, value: unknown): string | undefined {
  const format = isObject(parentSchema) ? parentSchema['formatOfPattern'] : undefined
  if (typeof format !== 'string' || typeof value !== 'string') return undefined
  const problem = `must match format "${format}"`
  if (hasNoOffset(format, value)) return `${problem}: its offset is missing, such as Z`
  if (!hasFormat(format, value)) return problem
  return format === 'date-time' && /[+-]\d\d:?\d\d$/.test(value) ? `${problem} in UTC, with the offset Z` : undefined
}

function hasFormat(name: string, value: string): boolean {
  const format = ajvFormats.default.get(name as FormatName)
  const check = typeof format === 'object' && 'validate' in format ? format.validate : format
  if (check instanceof RegExp) return check.test(value)
  return typeof check === 'function' ? (check as (value: string) => boolean)(value) : true
}

/** Whether a number is an integer that `JSON.parse` may have rounded. */
function isRounded(params: ErrorObject['params'], parentSchema: unknown): boolean {
  const isAtEdge = Math.abs(params['limit']) === Number.MAX_SAFE_INTEGER
  return isAtEdge && isObject(parentSchema) && [parentSchema['type']].flat().includes('integer')
}

/** A string is exact, but only some schemas allow it. */
function roundedProblem(parentSchema: unknown): string {
  const problem = 'exceeds 2^53, beyond which JSON parsers round'
  return isObject(parentSchema) && parentSchema['orString'] === true ? `${problem}: send it as a string` : problem
}

function unknownField(parts: readonly string[], parentSchema: unknown): ValueProblem {
  const near = nearestName(parts.at(-1)!, [...namesIn(parentSchema)])
  const hint = near === undefined ? '' : `, did you mean ${near}?`
  return { path: parts.join('.'), message: `is not a known field${hint}` }
}

/** Describes a field whose name `propertyNames` rejects. */
function unknownName(parts: readonly string[], name: string, parentSchema: unknown): ValueProblem {
  const rules = isObject(parentSchema) ? parentSchema['propertyNames'] : undefined
  const { enum: names, pattern } = isObject(rules) ? rules : {}
  const path = [...parts, name]
  if (Array.isArray(names))
    return unknownField(path, { properties: Object.fromEntries(names.map((one) => [one, true])) })
  const why = typeof pattern === 'string' ? `: it must match pattern "${pattern}"` : ''
  return { path: path.join('.'), message: `is not an allowed name${why}` }
}

/** Returns the properties that a schema names, itself or in a schema inside it for the same value. */
function namesIn(schema: unknown): ReadonlySet<string> {
  const names = new Set<string>()
  const collect = (part: unknown): void => {
    if (!isObject(part)) return
    if (isObject(part['properties'])) for (const name of Object.keys(part['properties'])) names.add(name)
    for (const keyword of ['allOf', 'select', 'union', 'oneOf', 'then', 'else']) [part[keyword]].flat().forEach(collect)
  }
  collect(schema)
  return names
}

function tagsOf(parentSchema: unknown): readonly unknown[] {
  const selectBy = isObject(parentSchema) ? parentSchema['selectBy'] : undefined
  return isObject(selectBy) ? (selectBy['values'] as unknown[][]).flat() : []
}

function oneOf(values: readonly unknown[]): string {
  if (values.length === 1) return `must be ${text(values[0])}`
  const more = values.length - maxValues
  const list = values.slice(0, maxValues).map(text).join(', ')
  return `must be one of ${list}${more > 0 ? ` or ${more} others` : ''}`
}

/** The most allowed values that a message lists. */
const maxValues = 50

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** RFC 6901, 4. */
function unescapePointer(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~')
}
