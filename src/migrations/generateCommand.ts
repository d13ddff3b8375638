import { basename, join } from 'node:path'
import { MigrationError } from './error.ts'
import { readMigrations } from './files.ts'
import { acceptModels, generate, type ChangeOptions, type GenerateOptions } from './generate.ts'
import { NotRehearsed, rehearse } from './rehearse.ts'

/** A PostgreSQL to test migrations on. */
export interface ScratchServer {
  /** URL of one of its databases. */
  url(): string
  stop(): Promise<void>
}

/** The options and the environment of `tricube migrate generate`. */
export interface GenerateCommand {
  readonly options: GenerateOptions & ChangeOptions
  /** URL of a database, on whose server the scratch database is created. */
  readonly url: string | undefined
  /** Starts a server if there is no URL; undefined if none can be started. */
  readonly startServer: (() => Promise<ScratchServer>) | undefined
  readonly out: (line: string) => void
  readonly err: (line: string) => void
}

/** Writes the migrations, prints their files, and tests them on a scratch database. */
export async function generateCommand({ options, url, startServer, out, err }: GenerateCommand): Promise<number> {
  const { folder } = options
  const files = await generate(options)
  for (const file of files) out(join(folder, file))
  if (files.length === 0) {
    out('models and migrations match: nothing to generate')
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
      err(`not tested on a scratch database: ${error.message}`)
      return 0
    }
    err(
      `failed on a scratch database: ${error.message}\nfix the file before you apply it, or delete the files and generate them anew`,
    )
    return 1
  }
}

/** Stores the models as the result of the migrations. */
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
  if (!startServer) throw new NotRehearsed('set DATABASE_URL or pass --url')
  const server = await startServer().catch((error: unknown) => {
    throw new NotRehearsed((error as Error).message, { cause: error })
  })
  try {
    await work(server.url())
  } finally {
    await server.stop()
  }
}
