import { basename, join } from 'node:path'
import { MigrationError } from './error.ts'
import { readMigrations } from './files.ts'
import { acceptModels, generate, type ChangeOptions, type GenerateOptions } from './generate.ts'
import { NotRehearsed, rehearse } from './rehearse.ts'

/** A PostgreSQL to try migrations on. */
export interface ScratchServer {
  /** URL of a database of it. */
  url(): string
  stop(): Promise<void>
}

/** What `tricube migrate generate` works with. */
export interface GenerateCommand {
  readonly options: GenerateOptions & ChangeOptions
  /** The database that is named; a scratch database is made on its server. */
  readonly url: string | undefined
  /** Starts a server where no database is named; undefined where there is none to start. */
  readonly startServer: (() => Promise<ScratchServer>) | undefined
  readonly out: (line: string) => void
  readonly err: (line: string) => void
}

/** Writes the migrations, prints their files, and tries them on a scratch database. */
export async function generateCommand({ options, url, startServer, out, err }: GenerateCommand): Promise<number> {
  const { folder } = options
  const files = await generate(options)
  for (const file of files) out(join(folder, file))
  if (files.length === 0) {
    out('models and migrations agree: nothing to generate')
    return 0
  }
  const written = new Set(files.map((file) => basename(file)))
  const migrations = await readMigrations(join(folder, 'migrations'))
  const isFresh = ({ up }: (typeof migrations)[number]): boolean => written.has(up.file)
  try {
    await onServer(url, startServer, (server) =>
      rehearse(
        server,
        migrations.filter((migration) => !isFresh(migration)),
        migrations.filter(isFresh),
      ),
    )
    return 0
  } catch (error) {
    if (!(error instanceof MigrationError)) throw error
    if (error instanceof NotRehearsed) {
      err(`not tried on a scratch database: ${error.message}`)
      return 0
    }
    err(
      `tried on a scratch database, and failed: ${error.message}\nmend the file before you apply it, or delete the files and generate again`,
    )
    return 1
  }
}

/** Takes the models as what the migrations lead to. */
export async function acceptCommand(folder: string, out: (line: string) => void): Promise<number> {
  out(join(folder, await acceptModels(folder)))
  return 0
}

async function onServer(
  url: string | undefined,
  startServer: GenerateCommand['startServer'],
  work: (url: string) => Promise<void>,
): Promise<void> {
  if (url) return work(url)
  if (!startServer) throw new NotRehearsed('set DATABASE_URL, or give --url')
  const server = await startServer().catch((error: unknown) => {
    throw new NotRehearsed((error as Error).message, { cause: error })
  })
  try {
    await work(server.url())
  } finally {
    await server.stop()
  }
}
