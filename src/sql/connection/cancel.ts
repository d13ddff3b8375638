import { TLSSocket } from 'node:tls'
import type { Socket } from 'node:net'
import type { ConnectionSettings } from '../url/settings.ts'
import type { Session } from './login.ts'
import { openSocket } from './socket.ts'
import { tlsOptions } from './tls.ts'

const limitMs = 2000
const cancelRequest = 80_877_102

/**
 * Cancels the statement that a session runs, over a new connection, as the protocol demands. Resolves when the server has
 * closed that connection: by then the signal has been sent, so that it cannot hit a later statement. Never rejects.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
 */
export async function cancel(session: Session, settings: ConnectionSettings): Promise<void> {
  try {
    const socket = await open(session, settings)
    const limit = setTimeout(() => socket.destroy(), limitMs)
    // The server has to close it: PgBouncer 1.18 drops the request of a client that hangs up, or crashes.
    await new Promise((resolve) => socket.on('close', resolve).resume().write(message(session)))
    clearTimeout(limit)
  } catch {
    // While the statement runs, it is cancelled once more later.
  }
}

async function open({ socket, address }: Session, settings: ConnectionSettings): Promise<Socket> {
  if (!(socket instanceof TLSSocket)) return openSocket(address, undefined, limitMs)
  const options = await tlsOptions(settings)
  return openSocket(address, { options, isOptional: false, isDirect: settings.isDirect }, limitMs)
}

function message({ processId, secretKey }: Session): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeInt32BE(16, 0)
  bytes.writeInt32BE(cancelRequest, 4)
  bytes.writeInt32BE(processId, 8)
  bytes.writeInt32BE(secretKey, 12)
  return bytes
}
