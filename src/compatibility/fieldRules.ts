import { schemesOf, type Auth } from '../contract/auth.ts'
import type { Deprecation } from '../contract/deprecation.ts'
import { canonical } from './canonical.ts'
import { receivedCookies, sentCookies } from './cookies.ts'
import type { FieldChange, Level } from './difference.ts'
import type { OperationDocument } from './operationDocument.ts'

/** Returns the changes of a field of an operation that is no schema. */
export function fieldChanges(field: string, before: unknown, after: unknown): readonly FieldChange[] {
  if (textOf(before) === textOf(after)) return []
  const rule = Object.hasOwn(fieldRules, field) ? fieldRules[field]! : otherField
  return [rule(before as never, after as never)].flat()
}

type Rule = (before: never, after: never) => FieldChange | readonly FieldChange[]

/** How each field of an operation is compared, when it has changed. */
const fieldRules: Readonly<Record<string, Rule>> = {
  paginated: (_, after: boolean | 'cursor') =>
    change(
      'breaking',
      after ? 'the response became another page; callers read another form' : 'the response is no longer a page',
    ),
  cursor: () => change('risky', 'positions changed; callers in the middle of a list get a 400'),
  cookies: receivedCookies,
  setCookies: sentCookies,
  etag: (before: Etag, after: Etag) => {
    const text = `etag ${show(before ?? false)} became ${show(after ?? false)}`
    if (after === 'required') return change('breaking', `${text}; callers without if-match get a 428`)
    return after ? change('safe', text) : change('risky', `${text}; if-match no longer protects from lost updates`)
  },
  cacheControl: (before: string | undefined, after: string | undefined) => {
    const text = `cacheControl ${before ?? 'none'} became ${after ?? 'none'}`
    return after === undefined ? change('safe', text) : change('risky', `${text}; caches may store other responses`)
  },
  compressedBody: (_, after: boolean) =>
    after
      ? change('safe', 'the body may be compressed')
      : change('breaking', 'the body may no longer be compressed; callers that do get a 415'),
  callers: (before: readonly string[] | undefined, after: readonly string[] | undefined) => {
    const text = `callers ${before?.join(' ') ?? 'any'} became ${after?.join(' ') ?? 'any'}`
    const isOpen = after === undefined || before?.every((caller) => after.includes(caller))
    return isOpen ? change('safe', text) : change('breaking', `${text}; other services get a 403`)
  },
  deprecated: (before: Deprecated, after: Deprecated) => {
    if (!after) return change('safe', 'no longer deprecated')
    const [was, is] = [before, after].map((one) => (typeof one === 'object' ? one.sunset : undefined))
    if (is !== undefined && was !== undefined && is < was) {
      return change('risky', `the sunset of ${was} became ${is}; callers have less time`)
    }
    return change(
      'safe',
      is === undefined ? 'the operation was deprecated' : `it was deprecated, with a sunset of ${is}`,
    )
  },
  internal: (_, after: boolean) =>
    after
      ? change('breaking', 'the operation became internal; callers from outside get a 404')
      : change('safe', 'the operation became public'),
  idempotent: (before: unknown, after: unknown) => {
    const text = `idempotent ${JSON.stringify(before)} became ${JSON.stringify(after)}`
    return before === false || after === true
      ? change('safe', text)
      : change('breaking', `${text}; running callers still retry as before`)
  },
  auth: (before: Auth | undefined, after: Auth | undefined) => {
    const [accepted, accepts] = [before, after].map((auth) => schemesOf(auth === undefined ? {} : { auth }))
    if (accepts!.length === 0) return accepted!.length === 0 ? [] : change('safe', 'the operation became public')
    const text = `auth ${show(before)} became ${show(after)}`
    const isOpen = accepted!.length > 0 && accepted!.every((scheme) => accepts!.includes(scheme))
    return isOpen ? change('safe', text) : change('breaking', `${text}; callers without it get a 401`)
  },
  scopes: (before: readonly string[] | undefined, after: readonly string[] | undefined) => {
    const added = after?.filter((scope) => !before?.includes(scope)) ?? []
    return added.length === 0
      ? change('safe', `scopes ${show(before)} became ${show(after)}`)
      : change('breaking', `scopes ${added.join(' ')} are required now; callers without them get a 403`)
  },
  priority: (before: string, after: string) =>
    change(rank(after) > rank(before) ? 'risky' : 'safe', `priority ${before} became ${after}`),
  timeoutMs: (before: number | undefined, after: number | undefined) =>
    change(
      (after ?? Infinity) < (before ?? Infinity) ? 'risky' : 'safe',
      `timeoutMs ${limit(before)} became ${limit(after)}`,
    ),
  rateLimit: (before: RateLimit, after: RateLimit) => {
    const isStricter =
      after !== undefined &&
      (before === undefined ||
        textOf(before.key) !== textOf(after.key) ||
        after.limit < before.limit ||
        after.limit / after.windowMs < before.limit / before.windowMs)
    const text = `rateLimit ${show(before)} became ${show(after)}`
    return isStricter ? change('risky', `${text}; more callers may get a 429`) : change('safe', text)
  },
  errors: (before: Errors, after: Errors) => [
    ...Object.entries(after)
      .filter(([code]) => !Object.hasOwn(before, code))
      .map(([code, name]) => change('risky', `error ${code} (${name}) was added; callers may not handle it`)),
    ...Object.entries(before)
      .filter(([code]) => !Object.hasOwn(after, code))
      .map(([code, name]) => change('safe', `error ${code} (${name}) was removed`)),
  ],
}

type Etag = OperationDocument['etag']
type Deprecated = boolean | Deprecation
type RateLimit = OperationDocument['rateLimit']
type Errors = Readonly<Record<string, string>>

/** A field that a later version of tricube knows. */
function otherField(before: unknown, after: unknown): FieldChange {
  return change('risky', `${show(before)} became ${show(after)}`)
}

function change(level: Level, text: string): FieldChange {
  return { level, text }
}

function rank(priority: string): number {
  return ['critical', 'normal', 'sheddable'].indexOf(priority)
}

function limit(value: number | undefined): string {
  return value === undefined ? 'none' : String(value)
}

function show(value: unknown): string {
  return value === undefined ? 'none' : textOf(value)
}

function textOf(value: unknown): string {
  return JSON.stringify(canonical(value))
}
