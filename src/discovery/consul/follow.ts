import type { LateLog } from '../../log/late.ts'
import type { Belief } from '../belief.ts'
import { within, type Clock } from '../../time/clock.ts'
import { Pace, retryDelayMs } from '../../time/pace.ts'
import type { ConsulAgent } from './agent.ts'
import { BlockingIndex } from './blockingIndex.ts'

/** What everything that follows Consul shares. */
export interface Surroundings {
  readonly agent: ConsulAgent
  readonly clock: Clock
  readonly random: () => number
  readonly stale: boolean
  readonly log: LateLog | undefined
}

/** Something to follow: what to ask, how to read it, what to make of it. */
export interface Followed<Value> {
  readonly path: string
  readonly read: (told: unknown) => Value
  readonly belief: Belief<Value>
  readonly onChange: (value: Value) => void
}

/** Follows a part of Consul's state by blocking queries; returns what ends it. */
export function follow<Value>(followed: Followed<Value>, surroundings: Surroundings): () => void {
  const end = new AbortController()
  void run(followed, surroundings, end.signal)
  return () => end.abort()
}

async function run<Value>(
  { path, read, belief, onChange }: Followed<Value>,
  { agent, clock, random, stale, log }: Surroundings,
  signal: AbortSignal,
): Promise<void> {
  const index = new BlockingIndex()
  const pace = new Pace()
  let failures = 0

  const look = async (): Promise<void> => {
    const doubtLeftMs = belief.doubtLeftMs(clock.now())
    const waitMs = Math.min(waitLongestMs * (1 - random() / 10), doubtLeftMs ?? Infinity)
    const question = {
      index: waitMs < leastWaitMs ? undefined : index.value, // a wait of 0 would be Consul's default, minutes
      waitMs,
      stale: stale && doubtLeftMs === undefined,
    }
    // Consul adds a sixteenth of its own to the wait.
    const answer = await within(
      clock,
      waitMs * 1.1 + answerMs,
      (limit) => agent.ask(path, { ...question, signal: limit }),
      signal,
    )
    const told = read(answer.told)
    const restarted = index.advance(answer.index)
    const changed = belief.answer(told, clock.now(), { restarted })
    if (changed && !signal.aborted) tell(belief.value as Value)
  }
  const tell = (value: Value): void => {
    try {
      onChange(value)
    } catch (error) {
      log?.error({ err: error, path }, 'a listener failed on a change')
    }
  }

  while (!signal.aborted) {
    // Until the first answer there is nothing that could be kept, so it is worth asking more often.
    if (belief.isKnown) await clock.wait(pace.next(clock.now()), signal)
    if (signal.aborted) return
    try {
      await look()
      if (failures > 0) log?.info({ path, failures }, 'Consul answers again')
      failures = 0
    } catch (error) {
      if (signal.aborted) return
      belief.fail()
      failures += 1
      if (failures === 1) log?.warn({ err: error, path }, 'Consul does not answer; what was known is kept')
      await clock.wait(retryDelayMs(failures, random), signal)
    }
  }
}

/** How long a query waits for a change: below the 60 s after which common proxies cut a silent connection. */
const waitLongestMs = 55_000
const leastWaitMs = 10
/** How long an answer may take beyond its wait. */
const answerMs = 5000
