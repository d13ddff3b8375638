import { pathInside } from '../pathInside.ts'
import { mapSchema, type JsonSchema } from '../schema.ts'
import { growthOf, type Growth } from './backtracking.ts'
import { isObject } from './dialect.ts'

/** A match of this many steps takes a few milliseconds. */
const maxSteps = 2 ** 22

/**
 * Checks that patterns are fast for every text of the length that the schema allows.
 *
 * @throws {TypeError} in one line, with the path of the field, the pattern and what to do
 */
export function checkPatterns(schema: JsonSchema, path: string): void {
  const { pattern, maxLength, patternProperties, propertyNames } = schema
  const names = isObject(propertyNames) ? propertyNames['maxLength'] : undefined
  const problems = [
    typeof pattern === 'string' ? patternProblem(pattern, maxLength, 'maxLength') : undefined,
    ...(isObject(patternProperties) ? Object.keys(patternProperties) : []).map((name) =>
      patternProblem(name, names, 'propertyNames with maxLength'),
    ),
  ]
  const problem = problems.find(Boolean)
  if (problem !== undefined) throw new TypeError(`${path}: ${problem}`)
  mapSchema(schema, (inner, keyword, name) => {
    checkPatterns(inner, pathInside(path, keyword, name))
    return inner
  })
}

function patternProblem(pattern: string, maxLength: unknown, limit: string): string | undefined {
  if (!/[*+{]/.test(pattern)) return undefined
  const growth = growthOf(pattern)
  if (growth === 1 || (typeof maxLength === 'number' && stepsOf(growth, maxLength) <= maxSteps)) {
    return undefined
  }
  const most = growth === 'exponential' ? Math.log2(maxSteps) : Math.floor(maxSteps ** (1 / growth))
  const time = growth === 'exponential' ? 'exponential time' : `time to the power of ${growth}`
  return (
    `pattern "${pattern}" can take ${time} in the length of the text: give it ${limit}: ${most} or less, ` +
    'or let no two repetitions take the same characters'
  )
}

function stepsOf(growth: Growth, length: number): number {
  return growth === 'exponential' ? 2 ** length : length ** growth
}
