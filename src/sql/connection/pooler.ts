/** What stands between us and PostgreSQL, found out by asking. */
import { randomBytes } from 'node:crypto'
import type { DatabaseError } from '../errors/databaseError.ts'
import type { Connection } from './connection.ts'
import { Exchange } from './exchange.ts'
import { simple } from './simple.ts'

/**
 * Whether a pooler lends us its own server connections: the process that answers is then not the one that the session was
 * told of when it began. In its transaction mode the next transaction may run on another of them, and others may run on
 * this one.
 */
export async function isPooled(connection: Connection): Promise<boolean> {
  const [[processId] = []] = await simple(connection, 'SELECT pg_backend_pid()')
  return Number(processId) !== connection.processId
}

/**
 * Whether statements may be called by name from one transaction to the next. A pooler that sees to that (PgBouncer's
 * `max_prepared_statements`) gives them names of its own on the server.
 */
export function keepsNames(connection: Connection): Promise<boolean> {
  return new Promise((resolve, reject) => connection.send(new NamedProbe(resolve, reject)))
}

/** A script that leaves the pooler's connection as it was. Its own line: the script may end in a comment. */
export function resetAfter(script: string): string {
  return `${script}\n;RESET SESSION AUTHORIZATION; RESET ALL; UNLISTEN *; DISCARD TEMP`
}

/**
 * Whether notifications reach a session while it runs nothing. A pooler in transaction mode takes the server connection
 * away meanwhile, and drops what comes in on it.
 */
export async function hearsNotifications(listening: Connection, other: Connection): Promise<boolean> {
  const word = randomBytes(12).toString('base64url')
  const { onNotification } = listening
  try {
    return await new Promise<boolean>((resolve, reject) => {
      const limit = setTimeout(() => resolve(false), notificationMs)
      listening.onNotification = (_channel, payload) => {
        if (payload !== word) return
        clearTimeout(limit)
        resolve(true)
      }
      simple(listening, 'LISTEN tricube_probe')
        .then(() => simple(other, `SELECT pg_notify('tricube_probe', '${word}')`))
        .catch((error: unknown) => {
          clearTimeout(limit)
          reject(error)
        })
    })
  } finally {
    listening.onNotification = onNotification
    if (listening.isOpen) await simple(listening, 'UNLISTEN tricube_probe')
  }
}

// From commit to delivery takes a millisecond or so on a server that is not overloaded.
const notificationMs = 2000

const probed = 'SELECT name FROM pg_prepared_statements WHERE name = $1'

/** Prepares a statement by a name that is nobody else's, and asks whether the server knows it by that. */
class NamedProbe extends Exchange<Connection> {
  readonly #resolve: (keepsNames: boolean) => void
  readonly #reject: (error: DatabaseError) => void
  #isRenamed = true
  #error: DatabaseError | undefined

  constructor(resolve: (keepsNames: boolean) => void, reject: (error: DatabaseError) => void) {
    super()
    this.#resolve = resolve
    this.#reject = reject
  }

  override write({ output }: Connection): boolean {
    const name = `tricube_${randomBytes(12).toString('base64url')}`
    output.parse(name, probed)
    output.bind('', name, [name])
    output.execute('', 0)
    output.closeStatement(name)
    output.sync()
    return true
  }

  override row(): void {
    this.#isRenamed = false
  }

  override fail(error: DatabaseError): void {
    this.#error = error
  }

  override ready(): void {
    if (this.#error) this.#reject(this.#error)
    else this.#resolve(this.#isRenamed)
  }

  override lost(error: DatabaseError): void {
    this.#reject(error)
  }
}
