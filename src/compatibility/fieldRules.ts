import { schemesOf, type Auth } from '../contract/auth.ts'
import { canonical } from './canonical.ts'
import type { Change, Level } from './difference.ts'
import type { OperationDocument } from './document.ts'

/** Returns the changes of a field of an operation that is no schema. */
export function fieldChanges(field: string, before: unknown, after: unknown): readonly FieldChange[] {
  if (textOf(before) === textOf(after)) return []
  const rule = Object.hasOwn(fieldRules, field) ? fieldRules[field]! : otherField
  return [rule(before as never, after as never)].flat()
}

type FieldChange = Omit<Change, 'path'>

type Rule = (before: never, after: never) => FieldChange | readonly FieldChange[]

/** How each field of an operation is compared, when it has changed. */
const fieldRules: Readonly<Record<string, Rule>> = {
  status: (before: number, after: number) => change('risky', `status ${before} became ${after}`),
  paginated: (_, after: boolean) =>
    change(
      'breaking',
      after ? 'the response became a page; callers read another form' : 'the response is no longer a page',
    ),
  cursor: () => change('risky', 'positions changed; callers in the middle of a list get a 400'),
  styles: () => change('breaking', 'lists or objects of the query have another form; its callers get a 400'),
  deprecated: (_, after: boolean) => change('safe', after ? 'the operation was deprecated' : 'no longer deprecated'),
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
