import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from 'tricube/testing'

/**
 * Starts a PostgreSQL that keeps its data, with fsync, over crashes: `crash()` is one, with the start that follows, and
 * `kill()` one by kill -9.
 */
export async function durablePostgres(settings = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'tricube-faults-'))
  await chmod(folder, 0o755) // run as root, the server's own user must get in
  const dataDir = join(folder, 'postgres')
  let postgres = await startPostgres({ dataDir, settings })
  const { port } = postgres
  return {
    url: (database) => postgres.url(database),
    createDatabase: (name) => postgres.createDatabase(name),
    async crash() {
      await postgres.stop('immediate')
      postgres = await startPostgres({ dataDir, port, settings })
    },
    async kill() {
      process.kill(postgres.pid, 'SIGKILL')
      postgres = await startAgain()
    },
    async [Symbol.asyncDispose]() {
      await postgres.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }

  /** The processes of the sessions end by themselves, and until then there is no start. */
  async function startAgain() {
    for (let attempt = 1; ; attempt++) {
      try {
        return await startPostgres({ dataDir, port, settings })
      } catch (error) {
        if (attempt === 100) throw error
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    }
  }
}
