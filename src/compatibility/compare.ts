import type { JsonSchema } from '../schema/schema.ts'
import { changeOf, type Change } from './difference.ts'
import type { ContractDocument, MessageDocument } from './document.ts'
import { operationChanges } from './operations.ts'
import { schemaDifferences } from './schemas.ts'

/**
 * Returns the changes from one version of a contract to another, in the order of the contract. `today` is a day such as
 * `2026-11-27`.
 */
export function compareContracts(
  before: ContractDocument,
  after: ContractDocument,
  { today = new Date().toISOString().slice(0, 10) }: { readonly today?: string } = {},
): readonly Change[] {
  return [
    ...contractChanges(before, after),
    ...operationChanges(before, after, today),
    ...messageChanges('event', before.events, after.events),
    ...messageChanges('job', before.jobs, after.jobs),
  ]
}

function contractChanges(before: ContractDocument, after: ContractDocument): readonly Change[] {
  const changes: Change[] = []
  if (before.name !== after.name) {
    const text = `the contract ${before.name} became ${after.name}; callers look for the old name`
    changes.push({ level: 'breaking', path: 'name', text })
  }
  if (before.envelope !== after.envelope) {
    const text = `envelope ${before.envelope} became ${after.envelope}; callers read another form`
    changes.push({ level: 'breaking', path: 'envelope', text })
  }
  if (before.partitioned !== after.partitioned) {
    const text = `partitioned ${before.partitioned} became ${after.partitioned}; calls go to other regions`
    changes.push({ level: 'risky', path: 'partitioned', text })
  }
  if (before.trailingSlash !== after.trailingSlash) {
    const text = `trailingSlash ${before.trailingSlash} became ${after.trailingSlash}`
    changes.push(
      after.trailingSlash === 'never'
        ? { level: 'breaking', path: 'trailingSlash', text: `${text}; callers that end a path with / get a 404` }
        : { level: 'safe', path: 'trailingSlash', text },
    )
  }
  return changes
}

type Messages = Readonly<Record<string, MessageDocument>>

function messageChanges(noun: 'event' | 'job', before: Messages, after: Messages): readonly Change[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...names].flatMap((name): readonly Change[] => {
    const [old, now] = [before[name], after[name]]
    const path = `${noun}s.${name}`
    if (!now) return [{ level: 'breaking', path, text: `the ${noun} was removed; ${users[noun]} wait for it` }]
    if (!old) return [{ level: 'safe', path, text: `the ${noun} was added` }]
    return [...keyChanges(path, old, now), ...dataChanges(path, old.data, now.data)]
  })
}

const users = { event: 'subscribers', job: 'jobs in the queue' }

function keyChanges(
  path: string,
  { key: before }: MessageDocument,
  { key: after }: MessageDocument,
): readonly Change[] {
  if (before === after) return []
  const text = `key ${before ?? 'none'} became ${after ?? 'none'}; the order of messages is another`
  return [{ level: 'risky', path: `${path}.key`, text }]
}

function dataChanges(path: string, before: JsonSchema | undefined, after: JsonSchema | undefined): readonly Change[] {
  if (before && after) {
    return schemaDifferences(before, after, path, { direction: 'message' }).map((one) => changeOf(one, 'message'))
  }
  if (before) return [{ level: 'risky', path, text: 'the input was removed' }]
  return after ? [{ level: 'breaking', path, text: 'an input was added; messages that wait do not have it' }] : []
}
