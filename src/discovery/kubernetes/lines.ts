import type { Clock } from '../../time/clock.ts'
import { within } from '../../time/timeout.ts'
import { KubernetesError } from './api.ts'

/** Options of `lines`. */
export interface LinesOptions {
  readonly clock: Clock
  /** Milliseconds of silence after which the connection counts as dead. */
  readonly idleMs: number
  readonly signal: AbortSignal
}

/**
 * Returns the lines of a body as they arrive.
 *
 * @throws {Error} when nothing has arrived for `idleMs` milliseconds: a connection can die without a word
 */
export async function* lines(
  body: AsyncIterable<Uint8Array>,
  { clock, idleMs, signal }: LinesOptions,
): AsyncGenerator<string> {
  const chunks = body[Symbol.asyncIterator]()
  const decoder = new TextDecoder() // a character may be split between two chunks
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await within(clock, idleMs, () => chunks.next(), signal)
      if (done) return
      const parts = (rest + decoder.decode(value, { stream: true })).split('\n')
      rest = parts.pop()!
      for (const line of parts) if (line.trim() !== '') yield line
      if (rest.length > maxLineLength) throw new KubernetesError(`sent a line of more than ${maxLineLength} characters`)
    }
  } finally {
    void chunks.return?.().catch(() => {})
  }
}

/** A slice has at most 1,000 endpoints, each of some hundred characters. */
const maxLineLength = 16 * 1024 * 1024
