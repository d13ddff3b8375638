/** What is said of a service whose workers share a port: one answer for all of them. */
import { addUp, countsOf } from '../../metrics/addUp.ts'
import { Metrics } from '../../metrics/metrics.ts'
import type { FamilySnapshot } from '../../metrics/snapshot.ts'
import type { Readiness } from '../../service/lifecycle/readiness.ts'
import type { Facts } from '../../service/parts/workers/messages.ts'
import type { Worker } from './worker.ts'

/** The workers as they are now. */
export interface Crew {
  readonly count: number
  readonly workers: readonly Worker[]
  readonly losses: number
  readonly isStopping: boolean
}

/** Asks all workers and makes one answer of theirs. */
export class Whole {
  readonly #crew: Crew
  readonly #own = new Metrics()
  /** Of each worker what it told last: its counts stay, also when it was too busy to answer, or died. */
  readonly #last = new Map<Worker, Facts['metrics']>()
  /** What workers counted that are gone. */
  #ended: Facts['metrics'] = []

  constructor(crew: Crew) {
    this.#crew = crew
    const running = this.#own.gauge('tricube_workers', { help: 'Processes that share the port and serve.' })
    const lost = this.#own.counter('tricube_workers_lost_total', { help: 'Workers that ended though nobody said so.' })
    this.#own.onScrape(() => {
      running.set(crew.workers.length)
      lost.reach(crew.losses)
    })
  }

  ask(about: keyof Facts): Promise<Facts[keyof Facts]> {
    return about === 'metrics' ? this.metrics() : this.readiness()
  }

  async readiness(): Promise<Readiness> {
    const { workers, count, isStopping } = this.#crew
    return readinessOfAll(await Promise.all(workers.map((worker) => worker.ask('readiness'))), count, isStopping)
  }

  async metrics(): Promise<readonly FamilySnapshot[]> {
    await Promise.all(
      this.#crew.workers.map(async (worker) => {
        const told = await worker.ask('metrics')
        if (told) this.#keep(worker, told)
      }),
    )
    return addUp([this.#own.snapshot(), ...this.#last.values(), this.#ended])
  }

  /** Takes over what a worker has counted, which tells it as the last thing it does. */
  end(worker: Worker, metrics: Facts['metrics']): void {
    this.#keep(worker, metrics)
  }

  #keep(worker: Worker, metrics: Facts['metrics']): void {
    if (!this.#last.has(worker)) void worker.exited.then(() => this.#forget(worker))
    this.#last.set(worker, metrics)
  }

  #forget(worker: Worker): void {
    this.#ended = addUp([this.#ended, countsOf(this.#last.get(worker)!)])
    this.#last.delete(worker)
  }
}

/**
 * Whether a service is ready, by what its workers say: when at least half of them are.
 *
 * One that is being replaced is no reason to take all away, the others do its work; with less than half, other instances
 * serve callers better. What one cannot reach counts as unreachable.
 */
export function readinessOfAll(
  workers: readonly (Readiness | undefined)[],
  wanted: number,
  isStopping: boolean,
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
