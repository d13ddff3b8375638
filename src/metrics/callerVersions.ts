import type { Gauge } from './gauge.ts'
import type { Labelled, Metrics } from './metrics.ts'

/** How long a caller counts after its last notice, in milliseconds. Each of several instances gets few notices. */
const rememberedMs = 600_000
/** The most callers of an operation with a label of their own: their names come from requests. */
const maxCallers = 50

/** The version of an operation that a caller has told: a hash, and its name. */
const notice = /^([0-9a-f]{16})(?: ([\w.@/-]{1,64}))?$/

/** A caller that knows another version of an operation than this instance. */
export interface OtherVersion {
  readonly operation: string
  readonly caller: string
}

/** Options of the callers' versions. */
export interface CallerVersionsOptions {
  /** Called once for each caller of an operation. */
  readonly onOther?: (other: OtherVersion) => void
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number
}

/** Measures which callers know another version of an operation than this instance. */
export class CallerVersions {
  readonly #gauge: Labelled<Gauge, 'operation' | 'caller'>
  readonly #onOther: (other: OtherVersion) => void
  readonly #now: () => number
  readonly #seen: { readonly gauge: Gauge; at: number }[] = []

  constructor(metrics: Metrics, { onOther = () => {}, now = () => performance.now() }: CallerVersionsOptions = {}) {
    this.#gauge = metrics.gauge('tricube_contract_mismatch', {
      help: '1 while a caller knows another version of an operation than this instance, by operation and caller.',
      labels: ['operation', 'caller'],
      aggregator: 'max',
    })
    this.#onOther = onOther
    this.#now = now
    metrics.onScrape(() => this.#forget())
  }

  /** Compiles what reads the notices of an operation's callers. The hash is made when the first one arrives. */
  compile(operation: string, hash: () => string): (told: string | readonly string[]) => void {
    const callers = new Map<string, { readonly gauge: Gauge; at: number }>()
    let own: string | undefined
    return (told) => {
      const [, version, name = '(unknown)'] = notice.exec(String(told)) ?? []
      if (version === undefined || version === (own ??= hash())) return
      const caller = callers.has(name) || callers.size < maxCallers ? name : '(other)'
      let entry = callers.get(caller)
      if (!entry) {
        entry = { gauge: this.#gauge.labels({ operation, caller }), at: 0 }
        callers.set(caller, entry)
        this.#seen.push(entry)
        this.#onOther({ operation, caller })
      }
      entry.at = this.#now()
      entry.gauge.set(1)
    }
  }

  #forget(): void {
    const before = this.#now() - rememberedMs
    for (const { gauge, at } of this.#seen) if (at < before) gauge.set(0)
  }
}
