// The checks of what a call gets. Types would catch the same, but JavaScript and casts have none.
import { compileOptionsCheck, type Fields, type Rule } from '../../config/rule.ts'
import { abortSignal, func, group, integer, number, record, text } from '../../config/rules.ts'
import { describeValue } from '../../schema/describeValue.ts'
import { expectedNames } from '../../schema/validator/nearestName.ts'
import type { CallOptions, OperationOptions } from '../types.ts'
import type { AnyInput } from './call.ts'

/** The rule of a time limit. Infinity is allowed: it means no limit. */
const timeoutMsRule: Rule = {
  expected: 'a number of milliseconds from 1',
  accepts: (value) => typeof value === 'number' && value >= 1,
}

/** A time limit of any number: an invalid one is reported where it is used, with the operation. */
export const anyTimeoutMsRule: Rule = { ...timeoutMsRule, accepts: (value) => typeof value === 'number' }

/** The rules of the options for all calls to an operation. */
export const operationRules: Fields<OperationOptions> = {
  timeoutMs: timeoutMsRule,
  retries: integer(),
  hedge: group<NonNullable<OperationOptions['hedge']>>({ afterP: number({ min: 0, max: 100 }) }),
  fallback: func,
}

/**
 * Checks the options of one call.
 *
 * @throws {TypeError} one line with the operation, the option, the expected and the actual value
 */
export const checkCallOptions: (subject: string, options: CallOptions) => void = compileOptionsCheck<CallOptions>({
  ...operationRules,
  timeoutMs: anyTimeoutMsRule,
  signal: abortSignal,
  region: text('the name of a region', /^/),
  idempotencyKey: text('a text', /^/),
  headers: record('headers by name'),
  hashKey: text('a text', /^/),
})

/**
 * Checks the input of a call: a misspelt part would not be sent.
 *
 * @throws {TypeError} one line with the operation, the part and the nearest name
 */
export function checkInputParts(subject: string, input: AnyInput, { hasBody }: { readonly hasBody: boolean }): void {
  if (typeof input !== 'object' || input === null) {
    throw new TypeError(`${subject}: input: expected an object, got ${describeValue(input)}`)
  }
  for (const part in input) {
    if (part === 'body' ? hasBody || input.body === undefined : inputParts.includes(part)) continue
    const expected = inputParts.filter((name) => name !== 'body' || hasBody)
    throw new TypeError(`${subject}: unknown part ${part} of the input${expectedNames(part, expected)}`)
  }
}

const inputParts: readonly string[] = ['params', 'query', 'headers', 'body']
