import { equalJitter, type Backoff } from '../../time/backoff.ts'

/** How long to wait before a connection, or a transaction, is attempted again: 50 ms, doubled up to a second. */
export const backoffMs: Backoff = equalJitter({ baseMs: 50, capMs: 1000 })
