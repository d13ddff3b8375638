import type { MsgHdrs } from '@nats-io/transport-node'
import type { FeedEvent } from '../cursors.ts'
import { parsePlace, placeText, type Place } from '../position.ts'
import type { StreamEvent } from '../stream.ts'

// The payload of a message is the payload of its event, so that others can read it too. The rest is in its headers.
const header = {
  id: 'Nats-Msg-Id',
  trace: 'traceparent',
  key: 'Tricube-Key',
  publishedAt: 'Tricube-Published-At',
  place: 'Tricube-Place',
  position: 'Tricube-Position',
} as const

/** Returns the name of the stream with the events of a service. */
export function streamName(service: string): string {
  return `tricube-${token(service)}`
}

/** Returns the subject of the messages of an event; `>` stands for all events. */
export function subjectOf(service: string, event: string): string {
  return `tricube.${token(service)}.${event}`
}

/** Returns the name of the consumer of a subscription. */
export function consumerName(service: string, subscription: string): string {
  return `${token(service)}-${token(subscription)}`
}

/** Writes the headers of an event's message; its id is set when the message is published. */
export function writeHeaders(headers: MsgHdrs, { key, trace, publishedAt, place, position }: StreamEvent): MsgHdrs {
  if (key !== null) headers.set(header.key, encodeURIComponent(key))
  if (trace !== null) headers.set(header.trace, trace)
  headers.set(header.publishedAt, String(publishedAt))
  headers.set(header.place, placeText(place))
  headers.set(header.position, position)
  return headers
}

/** A message of a stream, or of a consumer. */
interface Message {
  readonly subject: string
  readonly headers: MsgHdrs | undefined
}

/** Where the event of a message is in the log, and the position after it. */
export interface MessagePlace {
  readonly place: Place
  readonly position: string
}

/** Reads the place of a message. Returns undefined for a message that no relay has published. */
export function readPlace(headers: MsgHdrs | undefined): MessagePlace | undefined {
  const place = parsePlace(headers?.get(header.place) ?? '')
  const position = headers?.get(header.position)
  return place && position ? { place, position } : undefined
}

/** Reads the event of a message. */
export function readEvent({ subject, headers }: Message, payload: string): FeedEvent {
  const key = headers?.get(header.key)
  return {
    id: headers?.get(header.id) ?? '',
    name: subject.slice(subject.lastIndexOf('.') + 1),
    key: headers?.has(header.key) ? decodeURIComponent(key!) : null,
    payload,
    trace: headers?.get(header.trace) || null,
    publishedAt: Number(headers?.get(header.publishedAt)),
  }
}

/** Encodes what NATS allows neither in a subject nor in a name. */
function token(name: string): string {
  return name.replaceAll(/[^\w-]/g, (char) => `=${char.codePointAt(0)!.toString(16)}`)
}
