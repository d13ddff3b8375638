/** Combines the metrics and the readiness of workers that share a port. */
import { addUp, countsOf } from '../../metrics/addUp.ts'
import { Metrics } from '../../metrics/metrics.ts'
import type { FamilySnapshot } from '../../metrics/snapshot.ts'
import type { Readiness } from '../../service/lifecycle/readiness.ts'
import type { Facts } from '../../service/parts/workers/messages.ts'
import type { Worker } from './worker.ts'

/** The workers and their supervisor's counts. */
export interface WorkerGroup {
  readonly count: number
  readonly workers: readonly Worker[]
  readonly losses: number
  readonly isStopping: boolean
}

/** Queries all workers and combines their replies. */
export class WorkerStatus {
  readonly #group: WorkerGroup
  readonly #own = new Metrics()
  /** The last metrics of each worker. They still count when it is too busy to reply, or has crashed. */
  readonly #last = new Map<Worker, Facts['metrics']>()
  /** The counts of workers that have exited. */
  #ended: Facts['metrics'] = []

  constructor(group: WorkerGroup) {
    this.#group = group
    const running = this.#own.gauge('tricube_workers', { help: 'Worker processes that serve.' })
    const lost = this.#own.counter('tricube_workers_lost_total', { help: 'Workers that exited unexpectedly.' })
    this.#own.onScrape(() => {
      running.set(group.workers.length)
      lost.reach(group.losses)
    })
  }

  query(about: keyof Facts): Promise<Facts[keyof Facts]> {
    return about === 'metrics' ? this.metrics() : this.readiness()
  }

  async readiness(): Promise<Readiness> {
    const { workers, count, isStopping } = this.#group
    const all = await Promise.all(workers.map((worker) => worker.query('readiness')))
    return readinessOfAll(all, { wanted: count, isStopping })
  }

  async metrics(): Promise<readonly FamilySnapshot[]> {
    await Promise.all(
      this.#group.workers.map(async (worker) => {
        const metrics = await worker.query('metrics')
        if (metrics) this.#record(worker, metrics)
      }),
    )
    return addUp([this.#own.snapshot(), ...this.#last.values(), this.#ended])
  }

  /** Records the final metrics of a worker, which sends them before it exits. */
  end(worker: Worker, metrics: Facts['metrics']): void {
    this.#record(worker, metrics)
  }

  #record(worker: Worker, metrics: Facts['metrics']): void {
    if (!this.#last.has(worker)) void worker.exited.then(() => this.#forget(worker))
    this.#last.set(worker, metrics)
  }

  #forget(worker: Worker): void {
    this.#ended = addUp([this.#ended, countsOf(this.#last.get(worker)!)])
    this.#last.delete(worker)
  }
}

/**
 * Returns the readiness of a service: it is ready if at least half of its workers are.
 *
 * While a worker is replaced, the remaining ones do its work. With fewer than half, other instances serve callers better.
 * A dependency that one worker cannot reach counts as unreachable.
 */
export function readinessOfAll(
  workers: readonly (Readiness | undefined)[],
  { wanted, isStopping = false }: { readonly wanted: number; readonly isStopping?: boolean },
): Readiness {
  const ready = workers.filter((worker) => worker?.status === 'ready').length
  const checks: Record<string, string> = {}
  for (const worker of workers) {
    for (const [name, outcome] of Object.entries(worker?.checks ?? {})) {
      if ((checks[name] ?? 'ok') === 'ok' || outcome === 'unreachable') checks[name] = outcome
    }
  }
  const status = isStopping ? 'stopping' : ready * 2 >= wanted ? 'ready' : 'not ready'
  return { status, checks, workers: { ready, wanted } }
}
