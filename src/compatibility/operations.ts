import type { JsonSchema } from '../schema/schema.ts'
import { parseRoute, patternOf, type Route } from '../contract/route.ts'
import { rate, type Change, type Difference, type Direction } from './difference.ts'
import type { ContractDocument, OperationDocument } from './document.ts'
import { fieldChanges } from './fieldRules.ts'
import { schemaDifferences } from './schemas.ts'

/** Returns the changes of the operations of a contract. */
export function operationChanges(
  { operations: before }: ContractDocument,
  { operations: after }: ContractDocument,
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
      changes.push({ level: 'breaking', path: name, text: `${old.route} was removed; its callers get a 404` })
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
  const changes: Change[] = [...paramChanges(name, before, after)]
  for (const [part, direction] of parts) {
    const [old, now] = [before[part], after[part]] as [JsonSchema | undefined, JsonSchema | undefined]
    const isText = part === 'query' || part === 'headers'
    const missing = isText ? emptyObject : undefined
    const [left, right] = [old ?? missing, now ?? missing]
    const path = `${name}.${part}`
    if (left && right) {
      const found = schemaDifferences(left, right, path, { direction, isText })
      changes.push(...found.map((one) => rated(part === 'headers' ? headerDifference(one) : one, direction)))
    } else if (left || right) {
      changes.push({ ...wholePart(part, right !== undefined), path })
    }
  }
  for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (schemaFields.has(field)) continue
    const found = fieldChanges(field, before[field], after[field])
    changes.push(...found.map((one) => ({ path: `${name}.${field}`, ...one })))
  }
  return changes
}

const parts: readonly (readonly [string, Direction])[] = [
  ['query', 'request'],
  ['headers', 'request'],
  ['body', 'request'],
  ['returns', 'response'],
]

const schemaFields: ReadonlySet<string> = new Set(['route', 'params', ...parts.map(([part]) => part)])
const emptyObject: JsonSchema = { type: 'object', properties: {} }

/** Compares path parameters by their place: on the wire they have no names. */
function paramChanges(name: string, before: OperationDocument, after: OperationDocument): readonly Change[] {
  const names = [before, after].map(({ route }) => parseRoute(route as Route).pathParams)
  return names[0]!.flatMap((old, i) => {
    const now = names[1]![i]!
    const path = `${name}.params.${now}`
    const [left, right] = [paramOf(before, old), paramOf(after, now)]
    const options = { direction: 'request', isText: true } as const
    const changes = schemaDifferences(left, right, path, options).map((one) => rated(one, 'request'))
    if (old === now) return changes
    return [{ level: 'safe' as const, path, text: `path parameter ${old} became ${now}` }, ...changes]
  })
}

function paramOf({ params }: OperationDocument, name: string): JsonSchema {
  const { properties = {}, $defs } = (params ?? {}) as { properties?: Record<string, JsonSchema>; $defs?: unknown }
  return { ...(properties[name] ?? { type: 'string' }), ...($defs !== undefined && { $defs }) }
}

function rated(difference: Difference, direction: Direction): Change {
  return { path: difference.path, ...rate(difference, direction) }
}

/** A service ignores headers that it does not know. */
function headerDifference(difference: Difference): Difference {
  return difference.kind.endsWith('field removed') ? { ...difference, kind: 'header removed' } : difference
}

function wholePart(part: string, isAdded: boolean): Omit<Change, 'path'> {
  if (part === 'returns') {
    return isAdded
      ? { level: 'safe', text: 'a response was added' }
      : { level: 'breaking', text: 'the response was removed; callers that read it find nothing' }
  }
  return isAdded
    ? { level: 'breaking', text: 'a body was added; callers that do not send one get a 400' }
    : { level: 'risky', text: 'the body was removed; the service no longer reads it' }
}
