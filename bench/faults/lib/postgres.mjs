import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from 'tricube/testing'

/** Starts a PostgreSQL that keeps its data, with fsync, over crashes: `crash()` is one, with the start that follows. */
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
    async [Symbol.asyncDispose]() {
      await postgres.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
