import type { RequestScope } from '../api.ts'
import type { Encode } from '../values/encoders.ts'
import type { Observer } from './observer.ts'
import type { DecoderOf, RowDecoder } from '../wire/decoder.ts'
import type { RowForm } from '../connection/statementCache.ts'

/** On whose behalf a statement runs. */
export interface Scope {
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number | undefined
  readonly slow?: boolean | undefined
  readonly readOnly?: boolean | undefined
  /** Its signal is asked for only when a statement has to wait. */
  readonly request?: RequestScope | undefined
  readonly observer?: Observer | undefined
  /** True: reads go to the primary, too. */
  readonly usesPrimary?: boolean | undefined
  /** What the statements of one request have in common. */
  readonly session?: { hasWritten: boolean } | undefined
  /** True: it is never given up. */
  readonly isUnlimited?: boolean
}

/** What is made of a statement's rows. */
export interface Shape {
  readonly form: RowForm
  /** Other decoders than the connection's own. */
  readonly decoderOf?: DecoderOf
  /** How all values are written, instead of by the types of the parameters. */
  readonly encode?: Encode
  result(rows: unknown[], rowCount: number, tag: number, decode: RowDecoder<unknown> | undefined): unknown
}

/** How a statement is bound and executed, when not just once for all rows. */
export interface Manner {
  /** Name of the portal, which stays open in a transaction. */
  readonly portal: string
  /** The most rows of the answer; 0: all. */
  readonly rowLimit: number
  /** The values of further runs, in the same exchange. */
  readonly further: readonly (readonly unknown[])[]
}

/** One run, all rows. */
export const once: Manner = { portal: '', rowLimit: 0, further: [] }
