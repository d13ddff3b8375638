// The rules for options and settings.
import { longestTimerMs } from '../time/longestTimer.ts'
import type { Fields, Rule } from './rule.ts'

/** Bounds of a number, both inclusive, and its unit. */
export interface Bounds {
  readonly min?: number
  readonly max?: number
  /** The unit in messages and tables: `ms`, `bytes`. */
  readonly unit?: string
}

/** An integer within bounds. Default: from 0; milliseconds are at most what a timer can wait. */
export function integer(bounds: Bounds = {}): Rule {
  return numeric('a whole number', bounds, Number.isSafeInteger, /^-?\d+$/)
}

/** A finite number within bounds. Default: from 0; milliseconds are at most what a timer can wait. */
export function number(bounds: Bounds = {}): Rule {
  return numeric('a number', bounds, Number.isFinite, /^-?\d+(?:\.\d+)?$/)
}

/** One of a list of names. */
export function oneOf(names: readonly string[]): Rule {
  return {
    expected: `one of ${names.join(', ')}`,
    parse: (text) => text.toLowerCase(),
    accepts: (value) => names.includes(value as string),
  }
}

/** A text that matches a pattern. Default: any that is not empty. */
export function text(expected: string, pattern: RegExp = /[^]/): Rule {
  return { expected, parse: (text) => text, accepts: (value) => typeof value === 'string' && pattern.test(value) }
}

/** The path of a file. */
export const path: Rule = text('the path of a file')

/** `true` or `false`; in the environment also `1` or `0`. */
export const flag: Rule = {
  expected: 'true or false',
  parse: (text) => flags.get(text.toLowerCase()) ?? text,
  accepts: (value) => typeof value === 'boolean',
}
const flags: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
])

/** A URL with one of these schemes. */
export function url(example: string, schemes: readonly string[] = ['http', 'https']): Rule {
  return {
    expected: `a URL like ${example}`,
    parse: (text) => text,
    accepts: (value) => typeof value === 'string' && schemes.some((scheme) => isUrl(value, `${scheme}:`)),
  }
}

/** A list whose items follow a rule; in the environment separated by commas. */
export function listOf(item: Rule, expected: string): Rule {
  return {
    expected,
    parse: (text) => text.split(',').map((part) => item.parse?.(part.trim()) ?? part.trim()),
    items: item,
    accepts: (value) => Array.isArray(value) && value.every((one) => item.accepts(one)),
  }
}

/** `key=value` pairs, in the environment separated by commas; values are percent-encoded like the baggage header. */
export const pairs: Rule = {
  expected: 'key=value, separated by commas',
  parse: (text) => attempt(() => parsePairs(text)) ?? text,
  accepts: (value) =>
    typeof value === 'object' && value !== null && Object.values(value).every((one) => typeof one === 'string'),
}

/** A PEM file with certificates or a key. */
export const pemFile: Rule = {
  expected: 'the path of a PEM file, or the URL of one',
  accepts: (value) => (typeof value === 'string' && value !== '') || value instanceof URL,
}

/** A function. */
export const func: Rule = { expected: 'a function', accepts: (value) => typeof value === 'function' }

/** A signal that cancels. */
export const abortSignal: Rule = {
  expected: 'an AbortSignal',
  accepts: (value) => typeof (value as AbortSignal | null)?.aborted === 'boolean', // may be of another realm
}

/** An object whose fields have rules; `rest` adds further checks. */
export function group<Options extends object>(
  fields: Fields<Options>,
  rest: Partial<Pick<Rule, 'problem' | 'expected'>> = {},
): Rule {
  return { expected: 'an object', accepts: isPlain, fields, ...rest }
}

/** An object whose fields you name. */
export function record(expected: string, item?: Rule): Rule {
  return {
    expected,
    accepts: (value) => isPlain(value) && (!item || Object.values(value).every((one) => item.accepts(one))),
    ...(item && { items: item }),
  }
}

/** One of two rules; its fields are those of the rule that has some. */
export function either(first: Rule, second: Rule): Rule {
  return {
    ...first,
    ...second,
    expected: `${first.expected}, or ${second.expected}`,
    accepts: (value) => first.accepts(value) || second.accepts(value),
  }
}

/** Headers by name, or a function that returns them. */
export const headerValues: Rule = either(record('headers by name', text('the text of a header', /^/)), func)

/** Exactly this value. */
export function exactly(only: string | number | boolean): Rule {
  return { expected: String(only), accepts: (value) => value === only }
}

/** An object with these methods, such as your own store or sampler. */
export function withMethods(expected: string, methods: readonly string[]): Rule {
  return {
    expected,
    accepts: (value) =>
      typeof value === 'object' &&
      value !== null &&
      methods.every((name) => typeof (value as Record<string, unknown>)[name] === 'function'),
  }
}

/** Returns the result of a function; undefined when it throws. */
export function attempt<Value>(fn: () => Value): Value | undefined {
  try {
    return fn()
  } catch {
    return undefined
  }
}

function numeric(kind: string, bounds: Bounds, isKind: (value: unknown) => boolean, pattern: RegExp): Rule {
  const { min = 0, max = Number.POSITIVE_INFINITY, unit } = bounds
  const range = max === Number.POSITIVE_INFINITY ? `from ${min}` : `from ${min} to ${max}`
  const most = unit === 'ms' ? Math.min(max, longestTimerMs) : max
  return {
    expected: `${kind}${unit ? ` of ${unitNames[unit] ?? unit}` : ''} ${range}`,
    parse: (text) => (pattern.test(text) ? Number(text) : text),
    accepts: (value) => isKind(value) && (value as number) >= min && (value as number) <= most,
    wrong: (value) =>
      isKind(value) && (value as number) > most && most < max
        ? `expected at most ${longestTimerMs} milliseconds, the longest wait of a timer, got ${String(value)}`
        : undefined,
  }
}
const unitNames: Readonly<Record<string, string>> = { ms: 'milliseconds', s: 'seconds' }

function isUrl(value: string, protocol: string): boolean {
  return attempt(() => new URL(value))?.protocol === protocol
}

/** Whether a value is an object with fields. */
export function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parsePairs(text: string): Readonly<Record<string, string>> {
  const entries = text
    .split(',')
    .filter((pair) => pair.trim() !== '')
    .map((pair): [string, string] => {
      const equals = pair.indexOf('=')
      if (equals < 1) throw new TypeError('a pair has a key and a value')
      return [pair.slice(0, equals).trim(), decodeURIComponent(pair.slice(equals + 1).trim())]
    })
  return Object.fromEntries(entries)
}
