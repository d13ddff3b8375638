import type { Static, TSchema } from '@sinclair/typebox'
import { payloadProblem } from './payload.ts'

/** What is said of an event in a contract. */
export interface EventDraft {
  /** Schema of what it carries. */
  readonly payload: TSchema
  /** The name of a field of the payload: events with the same value arrive one after the other, in their order. */
  readonly key?: string
  /** What has happened, in Markdown. */
  readonly description?: string
}

/** Events by name, as they are written. */
export type EventDrafts = Readonly<Record<string, EventDraft>>

/** An event of a contract. */
export interface ContractEvent extends EventDraft {
  readonly name: string
  /** The name of the contract. */
  readonly service: string
}

/** The events of a contract by name. */
export type ContractEvents = Readonly<Record<string, ContractEvent>>

/** The events that drafts become. */
export type EventsOf<Drafts extends EventDrafts> = {
  readonly [Name in keyof Drafts]: Drafts[Name] & { readonly name: Name & string; readonly service: string }
}

/** What an event carries. */
export type PayloadOf<Event extends EventDraft> = Static<Event['payload']>

/** Makes the events of a contract. Throws a TypeError with what is wrong, beginning with the name of the event. */
export function eventsOf<Drafts extends EventDrafts>(service: string, drafts: Drafts): EventsOf<Drafts> {
  const entries = Object.entries(drafts).map(([name, draft]) => {
    const problem = eventProblem(name, draft)
    if (problem) throw new TypeError(`${service}: event ${name}: ${problem}`)
    return [name, Object.freeze({ ...draft, name, service })]
  })
  return Object.freeze(Object.fromEntries(entries)) as EventsOf<Drafts>
}

function eventProblem(name: string, draft: EventDraft): string | undefined {
  if (!/^[A-Za-z_$][\w$]*$/.test(name)) return `an event's name is a JavaScript identifier, like orderPlaced`
  const unknown = Object.keys(draft).find((field) => !fields.has(field))
  if (unknown) return `unknown field "${unknown}", expected ${[...fields].join(', ')}`
  if (draft.payload === undefined) return 'payload is missing: write payload: t.Object({ … })'
  return payloadProblem('payload', draft.payload, draft.key)
}

const fields: ReadonlySet<string> = new Set<keyof EventDraft>(['payload', 'key', 'description'])
