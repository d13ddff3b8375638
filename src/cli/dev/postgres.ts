import { setTimeout as delay } from 'node:timers/promises'
import { startPostgres, type EmbeddedPostgres } from '../../postgres/start.ts'
import { failureLine } from '../failure.ts'
import type { Screen } from './screen.ts'

/** The PostgreSQL of dev, with its data in `.tricube/postgres`. When it dies, it is started again on the same port. */
export class DevPostgres {
  readonly #screen: Pick<Screen, 'info' | 'warn'>
  #server: EmbeddedPostgres
  #restarting: Promise<void> = Promise.resolve()
  #isStopping = false

  static async start(screen: Pick<Screen, 'info' | 'warn'>): Promise<DevPostgres> {
    return new DevPostgres(await startPostgres({ dataDir }), screen)
  }

  private constructor(server: EmbeddedPostgres, screen: Pick<Screen, 'info' | 'warn'>) {
    this.#server = server
    this.#screen = screen
    this.#watch()
  }

  url(): string {
    return this.#server.url()
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#restarting
    await this.#server.stop()
  }

  #watch(): void {
    void this.#server.exited().then(() => {
      if (!this.#isStopping) this.#restarting = this.#restart()
    })
  }

  /** Starts it until it runs: for a moment, the sessions of the dead server still use its memory. */
  async #restart(): Promise<void> {
    const { port } = this.#server
    const url = this.#server.url()
    this.#screen.warn('PostgreSQL has ended unexpectedly: starting it again, with the same data')
    await this.#server.stop() // ends what watched the dead process
    let lastProblem = ''
    while (!this.#isStopping) {
      try {
        this.#server = await startPostgres({ dataDir, port })
        this.#screen.info('PostgreSQL runs again')
        if (this.#server.url() !== url)
          this.#screen.warn('its data has been deleted: restart tricube dev to begin anew')
        return this.#watch()
      } catch (error) {
        const problem = failureLine(error)
        if (problem !== lastProblem) this.#screen.warn(`PostgreSQL does not start yet: ${problem}`)
        lastProblem = problem
        await delay(retryMs)
      }
    }
  }
}

const dataDir = '.tricube/postgres'
const retryMs = 500
