import type { Exchange } from './exchange.ts'
import { isFault } from './failure.ts'

/** The first good answer of an exchange and of the second that is begun when it takes longer than `afterMs`. */
export async function firstAnswer(
  first: Exchange,
  afterMs: number,
  beginSecond: () => Exchange | undefined,
): Promise<Exchange> {
  if (await endsWithin(first, afterMs)) return first
  const second = beginSecond()
  if (!second) return first.ended
  const fastest = await Promise.race([first.ended, second.ended])
  const other = fastest === first ? second : first
  if (isFault(fastest)) return other.ended
  other.abort('given up')
  return fastest
}

async function endsWithin(exchange: Exchange, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, ms, undefined)))
  const ended = await Promise.race([exchange.ended, late])
  clearTimeout(timer)
  return ended !== undefined
}
