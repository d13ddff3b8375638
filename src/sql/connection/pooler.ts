/** Detects connection poolers between this process and PostgreSQL. */
import { randomBytes } from 'node:crypto'
import type { Connection } from './connection.ts'
import { simple } from './simple.ts'

/**
 * Whether a pooler lends server connections: then the process that responds is not the one reported when the session
 * began. In transaction mode the next transaction may run on another server connection, and other clients may use this
 * one.
 */
export async function isPooled(connection: Connection): Promise<boolean> {
  const [[processId] = []] = await simple(connection, 'SELECT pg_backend_pid()')
  return Number(processId) !== connection.processId
}

/** A script that restores the server connection of a pooler afterwards. On its own line, because a script may end in a comment. */
export function resetAfter(script: string): string {
  return `${script}\n;RESET SESSION AUTHORIZATION; RESET ALL; UNLISTEN *; DISCARD TEMP`
}

/**
 * Whether a session receives notifications while it is idle. A pooler in transaction mode takes the server connection
 * away and drops them.
 */
export async function receivesNotifications(listening: Connection, other: Connection): Promise<boolean> {
  const token = randomBytes(12).toString('base64url')
  const { onNotification } = listening
  try {
    return await new Promise<boolean>((resolve, reject) => {
      const limit = setTimeout(() => resolve(false), notificationMs)
      listening.onNotification = (_channel, payload) => {
        if (payload !== token) return
        clearTimeout(limit)
        resolve(true)
      }
      simple(listening, 'LISTEN tricube_probe')
        .then(() => simple(other, `SELECT pg_notify('tricube_probe', '${token}')`))
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

// Delivery takes about a millisecond after the commit, unless the server is overloaded.
const notificationMs = 2000
