import type { SpanRecord } from '../spanRecord.ts'
import type { RemoteParent } from './remoteParent.ts'

/** Headers as Node gives them. */
export type IncomingHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/** Takes the parent of a request out of its headers and puts that of a call into its own. */
export interface Propagator {
  /** Undefined when there is none, or it breaks the rules. */
  extract(headers: IncomingHeaders): RemoteParent | undefined
  inject(span: SpanRecord, headers: Record<string, string>): void
}
