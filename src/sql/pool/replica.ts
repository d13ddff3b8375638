import { preparedOf } from '../text/prepared.ts'
import type { Server } from './server.ts'
import * as mappers from '../statement/resultMapper.ts'
import { Statement } from '../statement/statement.ts'

/** A position in a server's write-ahead log at some time. */
interface Position {
  /** Bytes from the beginning of the log. */
  readonly lsn: number
  readonly at: number
}

const onPrimary = preparedOf(`SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::int8`)
const onReplica = preparedOf(`SELECT pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::int8`)

/** A standby that gets reads while its lag is small. */
export class Replica {
  readonly server: Server
  /** Lag in milliseconds; Infinity while it is unknown. */
  lagMs: number = Infinity

  constructor(server: Server) {
    this.server = server
  }

  /** Measures by the replayed position. A server that replays nothing is no replica. */
  async measure(history: readonly Position[], limitMs: number): Promise<void> {
    const replayed = await positionOf(this.server, onReplica, limitMs)
    const now = performance.now()
    if (replayed === undefined) this.lagMs = Infinity
    else this.lagMs = now - (history.find(({ lsn }) => lsn > replayed)?.at ?? now)
  }
}

/**
 * Measures the lag of replicas: it records positions of the primary's log with their times, and compares how far each
 * replica has replayed. It needs one clock and no privileges, and a replica that has lost its primary falls behind.
 */
export class LagMonitor {
  readonly #primary: Server
  readonly #replicas: readonly Replica[]
  readonly #maxLagMs: number
  readonly #timer: NodeJS.Timeout
  #history: Position[] = []
  #isMeasuring = false

  constructor(primary: Server, replicas: readonly Replica[], maxLagMs: number) {
    this.#primary = primary
    this.#replicas = replicas
    this.#maxLagMs = maxLagMs
    this.#timer = setInterval(() => void this.measure(), Math.max(20, Math.min(1000, maxLagMs / 4))).unref()
    void this.measure()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async measure(): Promise<void> {
    if (this.#isMeasuring) return
    this.#isMeasuring = true
    const at = performance.now()
    const lsn = await positionOf(this.#primary, onPrimary, this.#maxLagMs)
    // While the primary is down nothing is written, so no replica falls behind.
    if (lsn !== undefined) this.#history.push({ lsn, at })
    await Promise.all(this.#replicas.map((replica) => replica.measure(this.#history, this.#maxLagMs)))
    // Older positions are all beyond the limit; one of them is enough.
    while (this.#history.length > 1 && at - this.#history[1]!.at > 2 * this.#maxLagMs) this.#history.shift()
    this.#isMeasuring = false
  }
}

async function positionOf(server: Server, prepared: typeof onPrimary, timeoutMs: number): Promise<number | undefined> {
  try {
    return await new Promise<number | undefined>((resolve) =>
      server.send(new Statement({ prepared, values: [] }, mappers.value, { timeoutMs }, server, resolve)),
    ).then((lsn) => lsn ?? undefined)
  } catch {
    return undefined // the next measurement follows
  }
}
