import { walkSchema, type JsonSchema } from '../schema.ts'
import { growthOf, type Growth } from './backtracking.ts'
import { isObject } from './dialect.ts'

/** A match of this many steps takes a few milliseconds. */
const maxSteps = 2 ** 22

/**
 * Checks that patterns are fast for every text of the length that the schema allows.
 *
 * @throws {TypeError} in one line, with the pattern and what to do
 */
export function checkPatterns(schema: JsonSchema): void {
  walkSchema(schema, ({ pattern, maxLength, patternProperties, propertyNames }) => {
    if (typeof pattern === 'string') checkPattern(pattern, maxLength, 'maxLength')
    const names = isObject(propertyNames) ? propertyNames['maxLength'] : undefined
    for (const name of isObject(patternProperties) ? Object.keys(patternProperties) : []) {
      checkPattern(name, names, 'propertyNames with maxLength')
    }
  })
}

function checkPattern(pattern: string, maxLength: unknown, limit: string): void {
  if (!/[*+{]/.test(pattern)) return
  const growth = growthOf(pattern)
  if (growth === 1 || (typeof maxLength === 'number' && stepsOf(growth, maxLength) <= maxSteps)) return
  const most = growth === 'exponential' ? Math.log2(maxSteps) : Math.floor(maxSteps ** (1 / growth))
  const time = growth === 'exponential' ? 'exponential time' : `time to the power of ${growth}`
  throw new TypeError(
    `pattern "${pattern}" can take ${time} in the length of the text: give it ${limit}: ${most} or less, ` +
      'or let no two repetitions take the same characters',
  )
}

function stepsOf(growth: Growth, length: number): number {
  return growth === 'exponential' ? 2 ** length : length ** growth
}
