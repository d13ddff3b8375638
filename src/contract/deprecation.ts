import { describeValue } from '../schema/describeValue.ts'

/** When an operation was deprecated, when it ends, and what to use instead. */
export interface Deprecation {
  /** The day from which it is deprecated, such as `2026-11-27`. Responses carry it as `deprecation` (RFC 9745). */
  readonly since?: string
  /** The day from which it may be gone. Responses carry it as `sunset` (RFC 8594). */
  readonly sunset?: string
  /** What to use instead: another operation of the contract, or a URL. */
  readonly use?: string
}

/** The fields of an operation that a deprecation needs. */
interface Deprecated {
  readonly route: string
  readonly deprecated?: boolean | Deprecation
}

type All = Readonly<Record<string, Deprecated>>

/** Returns what is wrong with the deprecation of an operation. */
export function deprecationProblem({ deprecated }: Deprecated, operations: All): string | undefined {
  if (deprecated === undefined || typeof deprecated === 'boolean') return undefined
  if (typeof deprecated !== 'object' || (deprecated as unknown) === null) {
    return `deprecated must be true, false or an object like { since: '2026-11-27' }, got ${describeValue(deprecated)}`
  }
  const unknown = Object.keys(deprecated).find((field) => !fields.has(field))
  if (unknown) return `unknown field "deprecated.${unknown}", expected ${[...fields].join(', ')}`
  const { since, sunset, use } = deprecated
  for (const [field, day] of [
    ['since', since],
    ['sunset', sunset],
  ] as const) {
    if (day !== undefined && !isDay(day)) {
      return `deprecated.${field} must be a day like '2026-11-27', got ${describeValue(day)}`
    }
  }
  if (since !== undefined && sunset !== undefined && sunset < since)
    return `deprecated.sunset is before deprecated.since`
  if (use === undefined || isUrl(use) || Object.hasOwn(operations, use)) return undefined
  return `deprecated.use must be an operation of this contract or a URL, got ${describeValue(use)}`
}

/** Returns the headers of responses of a deprecated operation; undefined when there are none. */
export function deprecationHeaders(
  { deprecated }: Deprecated,
  operations: All,
): Readonly<Record<string, string>> | undefined {
  if (typeof deprecated !== 'object') return undefined
  const { since, sunset, use } = deprecated
  const successor = use === undefined || isUrl(use) ? use : linkTo(operations[use]!)
  const headers = {
    ...(since !== undefined && { deprecation: `@${Date.parse(since) / 1000}` }),
    ...(sunset !== undefined && { sunset: new Date(sunset).toUTCString() }),
    ...(successor !== undefined && { link: `<${successor}>; rel="successor-version"` }),
  }
  return Object.keys(headers).length > 0 ? headers : undefined
}

/** Returns the path of an operation, if it has no parameters: a link is no template. */
function linkTo({ route }: Deprecated): string | undefined {
  const path = route.slice(route.indexOf(' ') + 1)
  return /[:*]/.test(path) ? undefined : path
}

function isDay(day: unknown): boolean {
  return typeof day === 'string' && /^\d{4}-\d\d-\d\d$/.test(day) && !Number.isNaN(Date.parse(day))
}

function isUrl(use: unknown): boolean {
  return typeof use === 'string' && /^(https?:\/\/|\/)[^\s<>"]*$/.test(use)
}

const fields: ReadonlySet<string> = new Set<keyof Deprecation>(['since', 'sunset', 'use'])
