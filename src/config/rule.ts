/** What a value may be, in words for people and as a check for the machine. */
export interface Rule {
  /** Completes "expected …": `a whole number of milliseconds from 0`. */
  readonly expected: string
  readonly accepts: (value: unknown) => boolean
  /** What is wrong with a value that is not accepted, where `expected` would say too little. */
  readonly wrong?: (value: unknown) => string | undefined
  /** What a text from the environment stands for; anything that `accepts` rejects when it stands for nothing. */
  readonly parse?: (text: string) => unknown
  /** Of an object: the rule of each field. Every field may be missing, and no other is known. */
  readonly fields?: Fields
  /** Of a list, or of an object whose fields the user names: the rule of each item. */
  readonly items?: Rule
  /** What is wrong with a value that is accepted: for what depends on other options. `whole` holds all of them. */
  readonly problem?: (value: never, path: string, whole: object) => string | undefined
}

/** A rule for each field of an options object; the compiler rejects a field without a rule. */
export type Fields<Options = Readonly<Record<string, unknown>>> = { readonly [Name in keyof Required<Options>]: Rule }

/** What is wrong with a value, as one line that begins with its path; undefined when nothing is. */
export function problemOf(path: string, value: unknown, rule: Rule, whole: object): string | undefined {
  const item = rule.items && itemsProblem(path, value, rule.items, whole)
  if (item) return item
  if (value !== undefined && !rule.accepts(value))
    return `${path}: ${rule.wrong?.(value) ?? `expected ${rule.expected}, got ${shown(value)}`}`
  const inside =
    rule.fields && isOptions(value) ? fieldsProblem(`${path}.`, value ?? {}, rule.fields, whole) : undefined
  return inside ?? rule.problem?.(value as never, path, whole)
}

/** The first problem of the options of a function. */
export function optionsProblem(options: unknown, fields: Fields): string | undefined {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    return `options: expected an object, got ${shown(options)}`
  }
  return fieldsProblem('', options, fields, options)
}

/** The first problem among the fields of an object; `prefix` is `drain.`, or empty at the top. */
export function fieldsProblem(prefix: string, value: object, fields: Fields, whole: object): string | undefined {
  for (const name of Object.keys(value)) {
    if (!Object.hasOwn(fields, name)) return `unknown option ${prefix}${name}, expected ${namesOf(fields)}`
  }
  for (const [name, rule] of Object.entries(fields)) {
    const problem = problemOf(`${prefix}${name}`, (value as Record<string, unknown>)[name], rule, whole)
    if (problem) return problem
  }
  return undefined
}

/** The first problem among the items of a list, or of an object whose fields the user names. */
function itemsProblem(path: string, value: unknown, rule: Rule, whole: object): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const isList = Array.isArray(value)
  for (const [name, item] of Object.entries(value)) {
    const at = isList ? `${path}[${name}]` : `${path}.${name}`
    const problem =
      item === undefined ? `${at}: expected ${rule.expected}, got undefined` : problemOf(at, item, rule, whole)
    if (problem) return problem
  }
  return undefined
}

/** A value as a message shows it: short, on one line, and never the inside of an object. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  if (typeof value === 'function') return 'a function'
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return `an object (${value.constructor?.name ?? 'no class'})`
  return String(value)
}

function namesOf(fields: Fields): string {
  return Object.keys(fields).sort().join(', ')
}

/** What is missing has missing fields: one of them may be needed. */
function isOptions(value: unknown): value is object | undefined {
  return value === undefined || (typeof value === 'object' && value !== null)
}
