import type { JsonSchema } from '../schema/schema.ts'
import { parseRoute, patternOf, type Route } from '../contract/route.ts'
import { bodyChanges } from './bodies.ts'
import { changeOf, type Change, type Difference } from './difference.ts'
import type { ContractDocument } from './document.ts'
import { fieldChanges } from './fieldRules.ts'
import type { OperationDocument } from './operationDocument.ts'
import { responseChanges } from './responses.ts'
import { schemaDifferences } from './schemas.ts'

/** Returns the changes of the operations of a contract. `today` is a day such as `2026-11-27`. */
export function operationChanges(
  { operations: before }: ContractDocument,
  { operations: after }: ContractDocument,
  today: string,
): readonly Change[] {
  const added = Object.keys(after).filter((name) => !Object.hasOwn(before, name))
  const changes: Change[] = []
  const renamed = new Set<string>()
  for (const [name, old] of Object.entries(before)) {
    const now = after[name]
    if (now) {
      changes.push(...changesOf(name, old, now))
      continue
    }
    const next = added.find((candidate) => !renamed.has(candidate) && after[candidate]!.route === old.route)
    if (next === undefined) {
      changes.push({ path: name, ...removal(old, today) })
      continue
    }
    renamed.add(next)
    const text = `the operation was renamed to ${next}; running callers do not notice, their code must change`
    changes.push({ level: 'risky', path: name, text }, ...changesOf(next, old, after[next]!))
  }
  for (const name of added) {
    if (!renamed.has(name)) changes.push({ level: 'safe', path: name, text: `${after[name]!.route} was added` })
  }
  return changes
}

function changesOf(name: string, before: OperationDocument, after: OperationDocument): readonly Change[] {
  const [from, to] = [before, after].map(({ route }) => parseRoute(route as Route))
  if (patternOf(from!) !== patternOf(to!)) {
    const text = `${before.route} became ${after.route}; its callers get a 404`
    return [{ level: 'breaking', path: `${name}.route`, text }]
  }
  const changes: Change[] = [
    ...paramChanges(name, before, after),
    ...textChanges(name, 'query', before, after),
    ...styleChanges(name, before, after),
    ...textChanges(name, 'headers', before, after),
    ...bodyChanges(name, before, after),
    ...responseChanges(name, before, after),
  ]
  for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (comparedAbove.has(field)) continue
    const found = fieldChanges(field, before[field], after[field])
    changes.push(...found.map(({ at, ...one }) => ({ path: [name, field, at].filter(Boolean).join('.'), ...one })))
  }
  return changes
}

const comparedAbove: ReadonlySet<string> = new Set([
  ...['route', 'params', 'query', 'styles', 'headers', 'body', 'content', 'files'],
  ...['status', 'returns', 'file', 'redirect', 'responses', 'responseHeaders'],
])

/** Callers have known of a sunset: an operation that goes after it surprises nobody. */
function removal({ route, deprecated }: OperationDocument, today: string): Pick<Change, 'level' | 'text'> {
  const { sunset } = typeof deprecated === 'object' ? deprecated : {}
  return sunset !== undefined && sunset <= today
    ? { level: 'risky', text: `${route} was removed after its sunset of ${sunset}; its callers get a 404` }
    : { level: 'breaking', text: `${route} was removed; its callers get a 404` }
}

/** Compares the query or the headers of a request: their values come as text. */
function textChanges(
  name: string,
  part: 'query' | 'headers',
  { [part]: before = emptyObject }: OperationDocument,
  { [part]: after = emptyObject }: OperationDocument,
): readonly Change[] {
  const found = schemaDifferences(before, after, `${name}.${part}`, { direction: 'request', isText: true })
  return found.map((one) => changeOf(part === 'headers' ? headerDifference(one) : one, 'request'))
}

const emptyObject: JsonSchema = { type: 'object', properties: {} }

/** Compares how the parameters of a query are written that both versions have. */
function styleChanges(name: string, before: OperationDocument, after: OperationDocument): readonly Change[] {
  const [old, now] = [before, after].map(({ styles = {} }) => styles) as [Styles, Styles]
  const [properties, others] = [before, after].map(({ query }) => query?.['properties'] ?? {})
  const changed = Object.keys(properties!).filter((one) => Object.hasOwn(others!, one) && old[one] !== now[one])
  return changed.map((one) => {
    const text = `style ${old[one] ?? 'repeated'} became ${now[one] ?? 'repeated'}; its callers get a 400`
    return { level: 'breaking', path: `${name}.query.${one}`, text }
  })
}

type Styles = Readonly<Record<string, string | undefined>>

/** Compares path parameters by their place: on the wire they have no names. */
function paramChanges(name: string, before: OperationDocument, after: OperationDocument): readonly Change[] {
  const names = [before, after].map(({ route }) => parseRoute(route as Route).pathParams)
  return names[0]!.flatMap((old, i) => {
    const now = names[1]![i]!
    const path = `${name}.params.${now}`
    const [left, right] = [paramOf(before, old), paramOf(after, now)]
    const options = { direction: 'request', isText: true } as const
    const changes = schemaDifferences(left, right, path, options).map((one) => changeOf(one, 'request'))
    if (old === now) return changes
    return [{ level: 'safe' as const, path, text: `path parameter ${old} became ${now}` }, ...changes]
  })
}

function paramOf({ params }: OperationDocument, name: string): JsonSchema {
  const { properties = {}, $defs } = (params ?? {}) as { properties?: Record<string, JsonSchema>; $defs?: unknown }
  return { ...(properties[name] ?? { type: 'string' }), ...($defs !== undefined && { $defs }) }
}

/** A service ignores headers that it does not know. */
function headerDifference(difference: Difference): Difference {
  return difference.kind.endsWith('field removed') ? { ...difference, kind: 'header removed' } : difference
}
