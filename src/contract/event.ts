import type { Schema, SchemaInput, SchemaOutput } from '../schema/standard/spec.ts'
import { expectedNames } from '../schema/validator/nearestName.ts'
import { payloadProblem } from './payload.ts'

/** The declaration of an event in a contract. */
export interface EventDraft {
  /** Schema of its payload. */
  readonly payload: Schema
  /** The name of a field of the payload: events with the same value are handled one at a time, in order. */
  readonly key?: string
  /** Description, in Markdown. */
  readonly description?: string
}

/** Events by name, before they are checked. */
export type EventDrafts = Readonly<Record<string, EventDraft>>

/** An event of a contract. */
export interface ContractEvent extends EventDraft {
  readonly name: string
  /** The name of the contract. */
  readonly service: string
}

/** The events of a contract, by name. */
export type ContractEvents = Readonly<Record<string, ContractEvent>>

/** The events of their declarations. */
export type EventsOf<Drafts extends EventDrafts> = {
  readonly [Name in keyof Drafts]: Drafts[Name] & { readonly name: Name & string; readonly service: string }
}

/** The payload of an event, as its subscribers get it. */
export type PayloadOf<Event extends EventDraft> = SchemaOutput<Event['payload']>

/** The payload of an event, as it is published. It differs where the schema has defaults or transforms. */
export type PublishedOf<Event extends EventDraft> = SchemaInput<Event['payload']>

/**
 * Returns the events of a contract.
 *
 * @throws {TypeError} naming the event and what is wrong with it
 */
export function eventsOf<Drafts extends EventDrafts>(service: string, drafts: Drafts): EventsOf<Drafts> {
  const entries = Object.entries(drafts).map(([name, draft]) => {
    const problem = eventProblem(name, draft)
    if (problem) throw new TypeError(`${service}: event ${name}: ${problem}`)
    return [name, Object.freeze({ ...draft, name, service })]
  })
  return Object.freeze(Object.fromEntries(entries)) as EventsOf<Drafts>
}

function eventProblem(name: string, draft: EventDraft): string | undefined {
  if (!/^[A-Za-z_$][\w$]*$/.test(name)) return 'the name of an event must be a JavaScript identifier, like orderPlaced'
  const unknown = Object.keys(draft).find((field) => !fields.has(field))
  if (unknown) return `unknown field "${unknown}"${expectedNames(unknown, [...fields])}`
  if (draft.payload === undefined) return 'payload is required, like payload: t.Object({ … })'
  return payloadProblem('payload', draft.payload, draft.key)
}

const fields: ReadonlySet<string> = new Set<keyof EventDraft>(['payload', 'key', 'description'])
