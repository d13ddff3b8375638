import { randomUUID } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { migrateCommand } from 'tricube/migrations'

/** An empty database of its own, a folder for a service, and a client to look at the result. */
export interface Fixture extends AsyncDisposable {
  readonly url: string
  readonly folder: string
  readonly directory: string
  readonly client: Client
  /** Writes files, named from the service's folder. */
  write(files: Readonly<Record<string, string>>): Promise<void>
  /** Writes migrations, named without their directory. */
  migrations(files: Readonly<Record<string, string>>): Promise<void>
  read(file: string): Promise<string>
  list(): Promise<string[]>
  /** Runs `tricube migrate` on the folder. */
  run(...argv: string[]): Promise<{ code: number; out: string; err: string }>
  /** The first column of each row. */
  column(sql: string): Promise<unknown[]>
}

/** A folder for a service, without a database. */
export interface Folder extends AsyncDisposable {
  readonly folder: string
  readonly directory: string
}

const nodeModules = fileURLToPath(new URL('../../node_modules', import.meta.url))

/** A service's folder with these migrations in it, and this file as its models. */
export async function folderOf(migrations: Readonly<Record<string, string>>, models?: URL): Promise<Folder> {
  const folder = await mkdtemp(join(tmpdir(), 'tricube-migrations-'))
  const directory = join(folder, 'migrations')
  await mkdir(directory)
  await symlink(nodeModules, join(folder, 'node_modules')) // models.ts imports drizzle-orm
  for (const [file, text] of Object.entries(migrations)) await writeFile(join(directory, file), text)
  if (models) await copyFile(models, join(folder, 'models.ts'))
  return { folder, directory, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

export async function fixture(): Promise<Fixture> {
  const server = process.env['TRICUBE_TEST_DATABASE_URL'] as string
  const name = `migrations_${randomUUID().replaceAll('-', '')}`
  await onServer(server, `CREATE DATABASE ${name} STRATEGY file_copy`)
  const url = Object.assign(new URL(server), { pathname: `/${name}` }).href
  const client = new Client({ connectionString: url })
  await client.connect()
  const place = await folderOf({})
  const { folder, directory } = place

  const write = async (files: Readonly<Record<string, string>>): Promise<void> => {
    for (const [file, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, file)), { recursive: true })
      await writeFile(join(folder, file), text)
    }
  }
  return {
    url,
    folder,
    directory,
    client,
    write,
    migrations: (files) =>
      write(Object.fromEntries(Object.entries(files).map(([file, text]) => [`migrations/${file}`, text]))),
    read: (file) => readFile(join(folder, file), 'utf8'),
    list: async () => (await readdir(directory)).sort(),
    async run(...argv) {
      const out: string[] = []
      const err: string[] = []
      const code = await migrateCommand([...argv, folder], {
        env: { DATABASE_URL: url },
        out: (line) => out.push(line),
        err: (line) => err.push(line),
      })
      return { code, out: out.join('\n'), err: err.join('\n') }
    },
    async column(sql) {
      const { rows } = await client.query<unknown[]>({ text: sql, rowMode: 'array' })
      return rows.map(([value]) => value)
    },
    async [Symbol.asyncDispose]() {
      await client.end()
      await onServer(server, `DROP DATABASE ${name} WITH (FORCE)`)
      await place[Symbol.asyncDispose]()
    },
  }
}

async function onServer(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(sql)
  await client.end()
}

/** The error that a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => {
      throw new Error('it did not fail')
    },
    (error: unknown) => error as Error,
  )
}
