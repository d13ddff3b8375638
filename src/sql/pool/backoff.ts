import { equalJitter, type Backoff } from '../../time/backoff.ts'

/** Wait before the next attempt of a connection or a transaction: 50 ms, doubled up to a second. */
export const backoffMs: Backoff = equalJitter({ baseMs: 50, capMs: 1000 })
