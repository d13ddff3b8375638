/** What stands between us and PostgreSQL, found out by asking. */
import { randomBytes } from 'node:crypto'
import type { Connection } from './connection.ts'
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
