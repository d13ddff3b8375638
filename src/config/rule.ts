import { describeValue } from '../schema/describeValue.ts'
import { expectedNames } from '../schema/validator/nearestName.ts'

/** The rule of a value, in words for people and as a check. */
export interface Rule {
  /** Completes "expected …": `a whole number of milliseconds from 0`. */
  readonly expected: string
  readonly accepts: (value: unknown) => boolean
  /** Explains why a value is rejected, where `expected` would not be enough. */
  readonly wrong?: (value: unknown) => string | undefined
  /** Converts a text from the environment; returns a value that `accepts` rejects when that fails. */
  readonly parse?: (text: string) => unknown
  /** The rules of an object's fields. Every field is optional, and no other field is allowed. */
  readonly fields?: Fields
  /** The rule of each item of a list, or of an object whose fields you name. */
  readonly items?: Rule
  /** Explains what is wrong with an accepted value in the context of other options; `allOptions` has all of them. */
  readonly problem?: (value: never, path: string, allOptions: object) => string | undefined
}

/** A rule for each field of an options object; the compiler rejects a field without a rule. */
export type Fields<Options = Readonly<Record<string, unknown>>> = { readonly [Name in keyof Required<Options>]: Rule }

/** Returns what is wrong with a value in one line that starts with its path; undefined when it is valid. */
export function problemOf(path: string, value: unknown, rule: Rule, allOptions: object): string | undefined {
  const item = rule.items && itemsProblem(path, value, rule.items, allOptions)
  if (item) return item
  if (value !== undefined && !rule.accepts(value))
    return `${path}: ${rule.wrong?.(value) ?? `expected ${rule.expected}, got ${describeValue(value)}`}`
  const inside =
    rule.fields && isOptions(value) ? fieldsProblem(`${path}.`, value ?? {}, rule.fields, allOptions) : undefined
  return inside ?? rule.problem?.(value as never, path, allOptions)
}

/** Returns the first problem of a function's options. */
export function optionsProblem(options: unknown, fields: Fields): string | undefined {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    return `options: expected an object, got ${describeValue(options)}`
  }
  return fieldsProblem('', options, fields, options)
}

/** Returns the first problem of an object's fields; `prefix` is `drain.`, or empty at the top level. */
export function fieldsProblem(prefix: string, value: object, fields: Fields, allOptions: object): string | undefined {
  for (const name of Object.keys(value)) {
    if (!Object.hasOwn(fields, name))
      return `unknown option ${prefix}${name}${expectedNames(name, Object.keys(fields).toSorted())}`
  }
  for (const [name, rule] of Object.entries(fields)) {
    const problem = problemOf(`${prefix}${name}`, (value as Record<string, unknown>)[name], rule, allOptions)
    if (problem) return problem
  }
  return undefined
}

/**
 * Compiles the check of options that a function gets each time it is called. Valid options cost one look-up for each name.
 *
 * The check throws a `TypeError` with one line that begins with its subject, such as the name of the function.
 */
export function compileOptionsCheck<Options extends object>(
  fields: Fields<Options>,
): (subject: string, options: Options) => void {
  const rules: ReadonlyMap<string, Rule> = new Map(Object.entries(fields as Fields))
  return (subject, options) => {
    let isValid = isOptions(options)
    for (const name in options) {
      const value = options[name]
      const rule = rules.get(name)
      isValid &&= rule !== undefined && (value === undefined || isValidOption(value, rule))
    }
    if (!isValid) throw new TypeError(`${subject}: ${optionsProblem(options, fields)}`)
  }
}

function isValidOption(value: unknown, rule: Rule): boolean {
  return rule.accepts(value) && (!rule.fields || fieldsProblem('', value as object, rule.fields, {}) === undefined)
}

/** Returns the first problem of the items of a list, or of an object whose fields you name. */
function itemsProblem(path: string, value: unknown, rule: Rule, allOptions: object): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const isList = Array.isArray(value)
  for (const [name, item] of Object.entries(value)) {
    const at = isList ? `${path}[${name}]` : `${path}.${name}`
    const problem =
      item === undefined ? `${at}: expected ${rule.expected}, got undefined` : problemOf(at, item, rule, allOptions)
    if (problem) return problem
  }
  return undefined
}

/** A missing object counts as one with missing fields, because one of them may be required. */
function isOptions(value: unknown): value is object | undefined {
  return value === undefined || (typeof value === 'object' && value !== null)
}
