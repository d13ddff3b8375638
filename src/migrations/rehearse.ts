import { randomUUID } from 'node:crypto'
import { type Client, DatabaseError } from 'pg'
import { createEmpty } from '../postgres/database.ts'
import { runScript, type LockOptions } from './apply.ts'
import { MigrationError } from './error.ts'
import type { Migration, Script } from './files.ts'
import { addRows } from './sampleRows.ts'
import { withConnection } from './session.ts'

/** The earlier migrations cannot run on an empty database, so the new ones cannot be tested. */
export class NotRehearsed extends MigrationError {}

/**
 * Runs migrations up, down and up on a scratch database of a server, after the earlier ones and with rows in all tables.
 * Drops the database at the end.
 *
 * @throws {MigrationError} naming the file that fails, the line and PostgreSQL's message; {@link NotRehearsed} when the
 *   migrations could not be tested.
 */
export async function rehearse(
  serverUrl: string,
  earlier: readonly Migration[],
  fresh: readonly Migration[],
): Promise<void> {
  try {
    await onScratch(serverUrl, (client) => play(client, earlier, fresh, { withRows: true }))
  } catch (error) {
    if (!isAboutValues(error)) throw error
    // A value of the sample rows does not fit a new type, which says nothing about real rows.
    await onScratch(serverUrl, (client) => play(client, earlier, fresh, { withRows: false }))
  }
}

async function play(
  client: Client,
  earlier: readonly Migration[],
  fresh: readonly Migration[],
  { withRows }: { readonly withRows: boolean },
): Promise<void> {
  for (const { id, up } of earlier) await run(client, id, up).catch(notRehearsed)
  if (withRows) await addRows(client)
  const up = async (): Promise<void> => {
    for (const migration of fresh) await run(client, migration.id, migration.up)
  }
  await up()
  for (const { id, down } of fresh.toReversed()) if (down) await run(client, id, down)
  await up()
}

function run(client: Client, id: string, script: Script): Promise<void> {
  return runScript(client, id, script, locks, () => Promise.resolve())
}

const locks: LockOptions = { lockTimeoutMs: 5000, lockAttempts: 1 }

function notRehearsed(error: Error): never {
  throw new NotRehearsed(error.message, { cause: error })
}

/** SQLSTATE 22, a data exception. */
function isAboutValues(error: unknown): boolean {
  const cause = error instanceof MigrationError ? error.cause : undefined
  return cause instanceof DatabaseError && cause.code?.startsWith('22') === true
}

async function onScratch(serverUrl: string, work: (client: Client) => Promise<void>): Promise<void> {
  const name = `tricube_scratch_${randomUUID().replaceAll('-', '')}`
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  await withConnection(serverUrl, async (server) => {
    await createEmpty(server, name).catch(notRehearsed)
    try {
      await withConnection(url.href, work)
    } finally {
      await server.query(`DROP DATABASE ${name} WITH (FORCE)`)
    }
  })
}
