import { isDoneWithin } from '../../time/timeout.ts'
import type { Exchange } from './exchange.ts'
import { isFault } from './failure.ts'

/** The first good answer of an exchange and of the second that is begun when it takes longer than `afterMs`. */
export async function firstAnswer(
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
  other.abort('given up')
  return fastest
}
