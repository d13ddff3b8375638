import type { Contract } from '../../contract/contract.ts'
import type { Method } from '../../contract/route.ts'
import type { Cancellation } from '../../resilience/cancellation.ts'
import type { Deadline } from '../../time/deadline.ts'
import type { Span } from '../../trace/span.ts'
import type { SpanRecord } from '../../trace/spanRecord.ts'
import type { Client } from '../types.ts'
import type { OutgoingBody } from './outgoingBody.ts'

/** How the body of a response is read: as text, as the bytes of a file, or while it arrives. */
export type ResponseRead = 'text' | 'file' | 'stream'

/** The request of a call. */
export interface OutgoingRequest {
  /** Service and operation, such as `role-service.getRole`. */
  readonly operation: string
  readonly method: Method
  /** Path and query, encoded. */
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: OutgoingBody | undefined
  readonly reads: ResponseRead
  /** The time limit of the call in milliseconds, retries included. */
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  /** Cancels the call with the request that it is made for. */
  readonly cancellation: Cancellation | undefined
  /** The region to send it to. */
  readonly region: string | undefined
  readonly hashKey: string | undefined
  /** The span of the call; undefined when its trace is not recorded. */
  readonly span: SpanRecord | undefined
}

/** The response of a call. */
export interface CallResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
  /** The bytes of a file; undefined for any other response. */
  readonly bytes?: Uint8Array | undefined
  /** The bytes of a file that is read while it arrives; undefined for any other response. */
  readonly stream?: ReadableStream<Uint8Array> | undefined
}

/** A caller that is idempotent by key: its calls happen once, even when it runs several times. */
export interface KeyedCaller {
  /** Makes a call with a key for it. The key is used when the operation accepts keys. */
  call<T>(operation: string, send: (key: string) => Promise<T>): Promise<T>
}

/** The context of a call: usually the request that is being handled. */
export interface Caller {
  readonly deadline?: Deadline | undefined
  readonly cancellation?: Cancellation | undefined
  /** The default region of its calls. */
  readonly region?: string | undefined
  /** The parent of the spans of its calls. */
  readonly span?: Span | undefined
  /** Present when the caller is idempotent by key. */
  readonly keyed?: KeyedCaller | undefined
  /** The header `authorization` of the user whom the caller serves. Operations that ask for a user get it. */
  readonly userAuthorization?: string | undefined
  /** Adds the headers that travel with a request besides its trace, such as its ID. */
  propagate?(headers: Record<string, string>): void
  /** Returns a header of the request that is being handled. */
  received?(name: string): string | undefined
}

/** The input of any operation, before the types of a contract narrow it. */
export interface AnyInput {
  readonly params?: Readonly<Record<string, unknown>>
  readonly query?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, unknown>>
  readonly body?: unknown
}

/** A class of clients. It is compiled once per contract, so that a client for a caller costs one small object. */
export type ClientClass<Callee extends Contract> = new (caller: Caller) => Client<Callee>

/** The response header that says whether the call may be retried. It is `false` once a service below has retried. */
export const shouldRetryHeader = 'x-should-retry'
/** The header of an error that callers must not retry, so that retries do not multiply along a chain of services. */
export const doNotRetry: Readonly<Record<string, string>> = { [shouldRetryHeader]: 'false' }

/** Whether a call is cancelled: by its own signal, or with the request that it is made for. */
export function isCancelled({ signal, cancellation }: OutgoingRequest): boolean {
  return signal?.aborted === true || cancellation?.isOver === true
}

/**
 * Returns what a cancelled call rejects with.
 *
 * It is the reason for which the caller's request ended, or else the reason of the signal, as with `fetch`.
 */
export function cancelReason({ signal, cancellation }: OutgoingRequest): unknown {
  return cancellation?.reason ?? signal?.reason
}
