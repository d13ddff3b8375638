import { ConfigError } from '../../config/configError.ts'
import type { LateLog } from '../../log/late.ts'
import { DatabaseError, type Database } from '../../sql/index.ts'
import { hasTables, prepareTables } from '../../tables/prepare.ts'
import type { Room } from '../../tables/room.ts'
import type { Part } from '../part.ts'
import { NotReady } from '../lifecycle/readiness.ts'
import { database } from './database.ts'

/** Creates the tables that other parts need, before they open and before the first request. */
export const tables: Part = {
  name: 'tables',
  async open({ contract, tables: rooms, log, use }) {
    if (rooms.length === 0) return {}
    const { db, home } = await use(database)
    if (!db) throw new ConfigError(`${rooms[0]!.name} of ${contract.name} needs a database: set DATABASE_URL`)
    const shards = db.shards.names.map((name) => db.shard(name))
    const prepared = new PreparedTables(contract.name, home ? [home, ...shards] : shards, rooms)
    await prepared.start(log)
    return { isReady: () => prepared.check(), close: () => prepared.stop() }
  },
}

/** How long the start waits for the database, in milliseconds. The service starts even when it is down. */
const startMs = 1000
/** How often a database that was down at the start is retried, in milliseconds. */
const retryMs = 1000

/** Tables in every database of a service. */
class PreparedTables {
  readonly #service: string
  readonly #databases: readonly Database[]
  readonly #rooms: readonly Room[]
  #attempt: Promise<void> | undefined
  #retries: NodeJS.Timeout | undefined
  #isCreated = false

  constructor(service: string, databases: readonly Database[], rooms: readonly Room[]) {
    this.#service = service
    this.#databases = databases
    this.#rooms = rooms
  }

  /** Creates them, and retries in the background while a database is unreachable. */
  async start(log: LateLog): Promise<void> {
    try {
      await Promise.all(this.#databases.map((db) => hasTables(db.with({ timeoutMs: startMs }), this.#rooms)))
      await this.#prepare()
    } catch (error) {
      if (!isUnreachable(error)) throw error
      const later = (err: Error): void => void (isUnreachable(err) || log.error({ err }, 'tables are not created'))
      this.#retries = setInterval(() => void this.#prepare().catch(later), retryMs).unref()
    }
  }

  /** Rejects until they exist. */
  async check(): Promise<void> {
    if (this.#isCreated) return
    await this.#prepare().catch((error: unknown) => {
      throw isUnreachable(error) ? error : new NotReady('not created')
    })
  }

  async stop(): Promise<void> {
    clearInterval(this.#retries)
    await this.#attempt?.catch(() => {})
  }

  #prepare(): Promise<void> {
    return (this.#attempt ??= this.#prepareAll().finally(() => (this.#attempt = undefined)))
  }

  async #prepareAll(): Promise<void> {
    await Promise.all(this.#databases.map((db) => prepareTables(db, this.#rooms, this.#service)))
    this.#isCreated = true
    clearInterval(this.#retries)
  }
}

/** PostgreSQL's classes of temporary errors: connections, resources, and servers that stop or start. */
function isUnreachable(error: unknown): boolean {
  return error instanceof DatabaseError && /^(?:08|53|57|58)/.test(error.sqlstate)
}
