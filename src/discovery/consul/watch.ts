import type { LateLog } from '../../log/late.ts'
import type { LastKnown } from '../lastKnown.ts'
import type { Clock } from '../../time/clock.ts'
import { Pace } from '../../time/pace.ts'
import { within } from '../../time/timeout.ts'
import { registryBackoff } from '../backoff.ts'
import type { ConsulAgent } from './agent.ts'
import { BlockingIndex } from './blockingIndex.ts'

/** What all watches and registrations at one Consul share. */
export interface ConsulContext {
  readonly agent: ConsulAgent
  readonly clock: Clock
  readonly random: () => number
  readonly stale: boolean
  readonly log: LateLog | undefined
}

/** A watched part of Consul's state: its path, how to read it, and who is notified. */
export interface Watch<Value> {
  readonly path: string
  readonly read: (reported: unknown) => Value
  readonly lastKnown: LastKnown<Value>
  readonly onChange: (value: Value) => void
}

/** Watches a part of Consul's state by blocking queries; returns the function that stops it. */
export function watchPath<Value>(watch: Watch<Value>, context: ConsulContext): () => void {
  const end = new AbortController()
  void run(watch, context, end.signal)
  return () => end.abort()
}

async function run<Value>(
  { path, read, lastKnown, onChange }: Watch<Value>,
  { agent, clock, random, stale, log }: ConsulContext,
  signal: AbortSignal,
): Promise<void> {
  const index = new BlockingIndex()
  const pace = new Pace()
  const backoffMs = registryBackoff(random)
  let failures = 0

  const runQuery = async (): Promise<void> => {
    const graceLeftMs = lastKnown.graceLeftMs(clock.now())
    const waitMs = Math.min(waitLongestMs * (1 - random() / 10), graceLeftMs ?? Infinity)
    const query = {
      index: waitMs < leastWaitMs ? undefined : index.value, // a wait of 0 would be Consul's default, minutes
      waitMs,
      stale: stale && graceLeftMs === undefined,
    }
    // Consul adds up to a sixteenth of jitter to the wait.
    const response = await within(
      clock,
      waitMs * 1.1 + responseMs,
      (limit) => agent.query(path, { ...query, signal: limit }),
      signal,
    )
    const reported = read(response.reported)
    const restarted = index.advance(response.index)
    const changed = lastKnown.update(reported, clock.now(), { restarted })
    if (changed && !signal.aborted) notify(lastKnown.value as Value)
  }
  const notify = (value: Value): void => {
    try {
      onChange(value)
    } catch (error) {
      log?.error({ err: error, path }, 'a listener of a Consul watch threw an error')
    }
  }

  while (!signal.aborted) {
    // Before the first response there is no value to fall back on, so queries are not paced.
    if (lastKnown.isKnown) await clock.wait(pace.next(clock.now()), signal)
    if (signal.aborted) return
    try {
      await runQuery()
      if (failures > 0) log?.info({ path, failures }, 'Consul responds again')
      failures = 0
    } catch (error) {
      if (signal.aborted) return
      lastKnown.fail()
      failures += 1
      if (failures === 1) log?.warn({ err: error, path }, 'Consul does not respond: using the last known value')
      await clock.wait(backoffMs(failures), signal)
    }
  }
}

/** The longest time that a query waits for a change: below the 60 s after which common proxies close an idle connection. */
const waitLongestMs = 55_000
const leastWaitMs = 10
/** The time allowed for a response beyond the wait of its query. */
const responseMs = 5000
