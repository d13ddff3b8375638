import type { SpanRecord } from '../spanRecord.ts'
import type { RemoteParent } from './remoteParent.ts'

/** Headers as Node provides them. */
export type IncomingHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/** Extracts the parent of a request from its headers, and injects that of a call. */
export interface Propagator {
  /** Returns undefined when there is no parent, or it is invalid. */
  extract(headers: IncomingHeaders): RemoteParent | undefined
  inject(span: SpanRecord, headers: Record<string, string>): void
}
