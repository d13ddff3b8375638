import { isDoneWithin } from '../../time/timeout.ts'
import type { Exchange } from './exchange.ts'
import { isFault } from './failure.ts'

/** Resolves to the first good response of an exchange and a second one, begun when the first takes over `afterMs` milliseconds. */
export async function firstResponse(
  first: Exchange,
  afterMs: number,
  beginSecond: () => Exchange | undefined,
): Promise<Exchange> {
  if (await isDoneWithin(afterMs, first.ended)) return first
  const second = beginSecond()
  if (!second) return first.ended
  const fastest = await Promise.race([first.ended, second.ended])
  const other = fastest === first ? second : first
  if (isFault(fastest)) return other.ended
  other.abort('cancelled')
  return fastest
}
