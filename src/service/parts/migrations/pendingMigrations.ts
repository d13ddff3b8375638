import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { LateLog } from '../../../log/late.ts'
import { lackingMigrations } from '../../../migrations/migrate.ts'
import { NotReady } from '../../lifecycle/readiness.ts'

const missingDirectory =
  'cannot check the migrations, their directory does not exist: copy it there, since a compiler copies no .sql files'

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
    if (!existsSync(this.#directory))
      throw new NotReady(`the directory ${basename(fileURLToPath(this.#directory))} does not exist`)
    const { pending } = await this.#lacking()
    if (pending.length > 0) throw new NotReady(`pending ${pending.join(', ')}`)
    this.#isDone = true
  }

  /** Logs the migrations that the database lacks: requests that need them will fail. */
  async logTo(log: LateLog): Promise<void> {
    if (!existsSync(this.#directory)) {
      log.warn({ directory: fileURLToPath(this.#directory) }, missingDirectory)
      return
    }
    // An unreachable database is logged elsewhere.
    const { pending, unwritten } = await this.#lacking().catch(() => ({ pending: [], unwritten: [] }))
    if (pending.length > 0)
      log.warn({ pending }, 'the database lacks migrations of this service: run tricube migrate up')
    if (unwritten.length > 0) log.warn({ unwritten }, 'a migration of this service has no statement yet: write its SQL')
  }

  #lacking(): ReturnType<typeof lackingMigrations> {
    return lackingMigrations({ url: this.#url, directory: this.#directory })
  }
}
