import type { JsonSchema } from '../schema/schema.ts'
import { changeOf, type Change } from './difference.ts'
import type { OperationDocument } from './operationDocument.ts'
import { schemaDifferences } from './schemas.ts'

/** Returns the changes of what an operation responds with: its data, other statuses, and headers. */
export function responseChanges(name: string, before: OperationDocument, after: OperationDocument): readonly Change[] {
  const path = `${name}.returns`
  const [from, to] = [before, after].map(formOf)
  if (from !== to) {
    return [{ level: 'breaking', path, text: `the response was ${from} and became ${to}; callers read another form` }]
  }
  return [
    ...statusChanges(name, before, after),
    ...dataChanges(path, before.returns ?? null, after.returns ?? null),
    ...otherStatusChanges(`${name}.responses`, before.responses ?? {}, after.responses ?? {}),
    ...headerChanges(`${name}.responseHeaders`, before.responseHeaders, after.responseHeaders),
  ]
}

/** Names the form of a response. Data and no data are the same form: the schemas tell them apart. */
function formOf({ file, redirect }: OperationDocument): string {
  return file === undefined ? (redirect ? 'a redirect' : 'data') : `a file of ${file}`
}

function statusChanges(name: string, before: OperationDocument, after: OperationDocument): readonly Change[] {
  if (before.status === after.status) return []
  const text = `status ${before.status} became ${after.status}`
  return [{ level: 'risky', path: `${name}.status`, text }]
}

/** Compares the data of one status; null is no data. */
function dataChanges(path: string, before: JsonSchema | null, after: JsonSchema | null): readonly Change[] {
  if (before && after) {
    return schemaDifferences(before, after, path, { direction: 'response' }).map((one) => changeOf(one, 'response'))
  }
  if (before) return [{ level: 'breaking', path, text: 'the response was removed; callers that read it find nothing' }]
  return after ? [{ level: 'safe', path, text: 'a response was added' }] : []
}

type Responses = Readonly<Record<string, JsonSchema | null>>

function otherStatusChanges(part: string, before: Responses, after: Responses): readonly Change[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((status): readonly Change[] => {
    const path = `${part}.${status}`
    const [old, now] = [before[status], after[status]]
    if (old === undefined) {
      return [{ level: 'breaking', path, text: `status ${status} was added; callers may not handle it` }]
    }
    return now === undefined
      ? [{ level: 'safe', path, text: `status ${status} was removed` }]
      : dataChanges(path, old, now)
  })
}

function headerChanges(
  path: string,
  before: JsonSchema = emptyObject,
  after: JsonSchema = emptyObject,
): readonly Change[] {
  const found = schemaDifferences(before, after, path, { direction: 'response' })
  return found.map((one) => changeOf(one, 'response'))
}

const emptyObject: JsonSchema = { type: 'object', properties: {} }
