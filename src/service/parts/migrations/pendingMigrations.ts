import type { LateLog } from '../../../log/late.ts'
import { migrationStatus } from '../../../migrations/migrate.ts'
import { NotReady } from '../../lifecycle/readiness.ts'

/** Whether a database has all of a service's migrations. */
export class PendingMigrations {
  readonly #url: string
  readonly #directory: URL
  // Queried until all are applied: for this release, they stay applied.
  #isDone = false

  constructor(url: string, directory: URL) {
    this.#url = url
    this.#directory = directory
  }

  /** Rejects with a `NotReady` that names the migrations which the database lacks. */
  readonly check = async (): Promise<void> => {
    if (this.#isDone) return
    const pending = await this.#pending()
    if (pending.length > 0) throw new NotReady(`pending ${pending.join(', ')}`)
    this.#isDone = true
  }

  /** Logs the migrations that the database lacks: requests that need them will fail. */
  async tell(log: LateLog): Promise<void> {
    // An unreachable database is logged elsewhere.
    const pending = await this.#pending().catch(() => [])
    if (pending.length === 0) return
    log.warn({ pending }, 'the database lacks migrations of this service: run tricube migrate up')
  }

  async #pending(): Promise<readonly string[]> {
    const all = await migrationStatus({ url: this.#url, directory: this.#directory })
    return all.filter(({ state }) => state === 'pending').map(({ id }) => id)
  }
}
