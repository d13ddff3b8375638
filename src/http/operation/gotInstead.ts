import type { ValueProblem } from '../../schema/validator/problems.ts'

/** Says what a field got instead of its type, like `, got null`; empty for other problems. It never says the value. */
export function gotInstead(value: unknown, { path, message }: ValueProblem): string {
  if (!wrongType.test(message)) return ''
  let found = value
  for (const name of path === '' ? [] : path.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return ''
    found = (found as Readonly<Record<string, unknown>>)[name]
  }
  return `, got ${kindOf(found)}`
}

const wrongType = /^must be (?:array|boolean|integer|null|number|object|string)\b/

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  if (typeof value === 'number') return Number.isInteger(value) ? 'a number' : 'a number with a fraction'
  if (typeof value !== 'object') return `a ${typeof value}`
  if (Array.isArray(value)) return 'an array'
  const tag = Object.prototype.toString.call(value).slice('[object '.length, -1)
  const name = tag === 'Object' ? (value.constructor?.name ?? tag) : tag
  if (name === 'Object') return 'an object'
  return `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}${cureOf(name)}`
}

/** What to do about a value of a class that no JSON type is, like `: await it`; empty for other classes. */
export function cureOf(className: string): string {
  return instead[className] ?? ''
}

const instead: Readonly<Record<string, string>> = {
  Promise: ': await it',
  Set: ': return [...set]',
  Map: ': return Object.fromEntries(map)',
}
