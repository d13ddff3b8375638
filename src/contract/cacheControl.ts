import { nearestName } from '../schema/validator/nearestName.ts'

/** Returns what is wrong with the value of `cache-control`. A misspelt directive would be ignored by every cache. */
export function cacheControlProblem(value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value.trim() === '') return `cacheControl must be text like 'private, max-age=60'`
  for (const part of value.split(',').map((one) => one.trim())) {
    const [, name = part, seconds] = /^([^=]*)(?:=(.*))?$/.exec(part)!
    const takesSeconds = directives.get(name)
    if (takesSeconds === undefined) {
      const near = nearestName(name, [...directives.keys()])
      return `cacheControl: unknown directive "${name}"${near === undefined ? '' : `, did you mean ${near}?`}`
    }
    if (takesSeconds && !/^\d{1,10}$/.test(seconds ?? '')) return `cacheControl: ${name} needs seconds, like ${name}=60`
    if (!takesSeconds && seconds !== undefined) return `cacheControl: ${name} has no value, remove "=${seconds}"`
  }
  return undefined
}

/** The directives of responses, and whether they have seconds: RFC 9111, 5.2.2, RFC 5861 and RFC 8246. */
const directives: ReadonlyMap<string, boolean> = new Map([
  ['public', false],
  ['private', false],
  ['no-cache', false],
  ['no-store', false],
  ['no-transform', false],
  ['must-revalidate', false],
  ['proxy-revalidate', false],
  ['must-understand', false],
  ['immutable', false],
  ['max-age', true],
  ['s-maxage', true],
  ['stale-while-revalidate', true],
  ['stale-if-error', true],
])
