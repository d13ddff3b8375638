import type { FileRule } from '../contract/multipart.ts'
import { changeOf, type Change } from './difference.ts'
import type { ContentDocument, OperationDocument } from './operationDocument.ts'
import { schemaDifferences } from './schemas.ts'

/** Returns the changes of the body of a request. */
export function bodyChanges(
  name: string,
  { body: before, ...old }: OperationDocument,
  { body: after, ...now }: OperationDocument,
): readonly Change[] {
  const path = `${name}.body`
  if (before === undefined) {
    if (after === undefined) return []
    return [{ level: 'breaking', path, text: 'a body was added; callers that do not send one get a 400' }]
  }
  if (after === undefined)
    return [{ level: 'risky', path, text: 'the body was removed; the service no longer reads it' }]
  const [from, to] = [old, now].map(({ content }) => formOf(content))
  if (from !== to) {
    const text = `the body was ${from} and became ${to}; callers that send the old form get a 415`
    return [{ level: 'breaking', path, text }]
  }
  const isText = from === 'a form' || from === 'multipart'
  const differences = schemaDifferences(before, after, path, { direction: 'request', isText })
  return [
    ...differences.map((one) => changeOf(one, 'request')),
    ...typeChanges(path, old.content?.types ?? [], now.content?.types ?? []),
    ...limitChanges(path, old.content?.maxBytes, now.content?.maxBytes),
    ...fileChanges(path, old.files ?? {}, now.files ?? {}),
  ]
}

/** Names a form. `raw` and `upload` are the same for a caller: bytes. */
function formOf(content: ContentDocument | undefined): string {
  return content === undefined ? 'JSON' : (forms[content.form] ?? content.form)
}

const forms: Readonly<Record<string, string>> = {
  raw: 'bytes',
  upload: 'bytes',
  text: 'text',
  form: 'a form',
  multipart: 'multipart',
}

function typeChanges(path: string, before: readonly string[], after: readonly string[]): readonly Change[] {
  const removed = before.filter((type) => !isCovered(type, after))
  const added = after.filter((type) => !isCovered(type, before))
  return [
    ...removed.map((type): Change => {
      const text = `${type} is no longer accepted; callers that send it get a 415`
      return { level: 'breaking', path, text }
    }),
    ...added.map((type): Change => ({ level: 'safe', path, text: `${type} is accepted` })),
  ]
}

/** Whether a list of media types accepts what a type of another list accepts. */
function isCovered(type: string, by: readonly string[]): boolean {
  const range = `${type.slice(0, type.indexOf('/'))}/*`
  return by.some((one) => one === '*/*' || one === type || one === range)
}

/** Without a limit of its own, a body has the one of the service, which the contract does not know. */
function limitChanges(path: string, before: number | undefined, after: number | undefined): readonly Change[] {
  if (before === after) return []
  const text = `maxBytes ${before ?? 'of the service'} became ${after ?? 'of the service'}`
  if (before === undefined || after === undefined) {
    return [{ level: 'risky', path, text: `${text}; larger bodies may get a 413` }]
  }
  return after > before
    ? [{ level: 'safe', path, text }]
    : [{ level: 'breaking', path, text: `${text}; callers that send more get a 413` }]
}

type Files = Readonly<Record<string, FileRule>>

function fileChanges(body: string, before: Files, after: Files): readonly Change[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name): readonly Change[] => {
    const [old, now] = [before[name], after[name]]
    const path = `${body}.${name}`
    if (!now) return [{ level: 'breaking', path, text: 'the file was removed; callers that send it get a 400' }]
    if (old) return oneFileChanges(path, old, now)
    return mayBeMissing(now)
      ? [{ level: 'safe', path, text: 'an optional file was added' }]
      : [{ level: 'breaking', path, text: 'a required file was added; callers that do not send it get a 400' }]
  })
}

function oneFileChanges(path: string, before: FileRule, after: FileRule): readonly Change[] {
  const changes: Change[] = []
  if (mayBeMissing(before) && !mayBeMissing(after)) {
    const text = 'the file became required; callers that do not send it get a 400'
    changes.push({ level: 'breaking', path, text })
  }
  if (!mayBeMissing(before) && mayBeMissing(after))
    changes.push({ level: 'safe', path, text: 'the file became optional' })
  const [most, mostNow] = [before, after].map(({ max = 1 }) => max) as [number, number]
  if (mostNow < most) {
    const text = `max ${most} became ${mostNow}; callers that send more files get a 413`
    changes.push({ level: 'breaking', path, text })
  }
  if (mostNow > most) changes.push({ level: 'safe', path, text: `max ${most} became ${mostNow}` })
  return [
    ...changes,
    ...typeChanges(path, before.types ?? ['*/*'], after.types ?? ['*/*']),
    ...limitChanges(path, before.maxBytes, after.maxBytes),
  ]
}

/** A list may always be empty. */
function mayBeMissing({ max, optional = false }: FileRule): boolean {
  return optional || max !== undefined
}
