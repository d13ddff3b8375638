import net, { type Socket } from 'node:net'
import tls, { type ConnectionOptions } from 'node:tls'
import type { Address } from '../url/settings.ts'

// SSLRequest: eight bytes to which a server responds with one byte, before anything else.
// https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-SSLREQUEST
export const sslRequest: Buffer = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])

/** How to secure a socket. */
export interface Security {
  readonly options: ConnectionOptions
  /** True: continue without TLS if the server has none. */
  readonly isOptional: boolean
  /** True: start TLS at once, without asking the server first. */
  readonly isDirect: boolean
}

/** The certificate of the server is invalid, or the handshake failed. */
export class TlsError extends Error {
  override readonly name: string = 'TlsError'
}

/** Opens a socket within `limitMs`, secured as requested. Rejects with the system's error or a `TlsError`. */
export async function openSocket(address: Address, security: Security | undefined, limitMs: number): Promise<Socket> {
  const socket = dial(address)
  socket.setNoDelay(true).setKeepAlive(true)
  const limit = setTimeout(() => socket.destroy(new Error(`no response within ${Math.round(limitMs)} ms`)), limitMs)
  try {
    await event(socket, 'connect')
    if (!security || (!security.isDirect && !(await hasTls(socket, security.isOptional)))) return socket
    return await secured(socket, address.host, security)
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    clearTimeout(limit)
  }
}

/** Starts to connect. Errors are events; they are ignored unless somebody listens. */
export function dial({ host, hostaddr, port }: Address): Socket {
  const socket = host.startsWith('/') ? net.connect(`${host}/.s.PGSQL.${port}`) : net.connect(port, hostaddr ?? host)
  return socket.on('error', () => {})
}

async function hasTls(socket: Socket, isOptional: boolean): Promise<boolean> {
  socket.write(sslRequest)
  const reply = await event<Buffer>(socket, 'data')
  // More than one byte was injected before the handshake: CVE-2021-23222.
  if (reply.length === 1 && reply[0] === 0x53) return true
  if (reply.length === 1 && reply[0] === 0x4e && isOptional) return false
  if (reply.length === 1 && reply[0] === 0x4e) throw new TlsError('the server has no TLS, but sslmode requires it')
  throw new TlsError('the server does not say whether it has TLS')
}

async function secured(socket: Socket, host: string, { options, isDirect }: Security): Promise<Socket> {
  try {
    const secure = tls.connect({
      ...options,
      socket,
      host,
      ...(net.isIP(host) === 0 && { servername: host }),
      ...(isDirect && { ALPNProtocols: ['postgresql'] }),
    })
    secure.on('error', () => {})
    await event(secure, 'secureConnect')
    return secure
  } catch (cause) {
    throw new TlsError((cause as Error).message, { cause })
  }
}

function event<Value>(socket: Socket, name: string): Promise<Value> {
  return new Promise((resolve, reject) => {
    const done = (value: Value): void => settle(() => resolve(value))
    const failed = (error: Error): void => settle(() => reject(error))
    const closed = (): void => settle(() => reject(new Error('the server has closed the connection')))
    const settle = (how: () => void): void => {
      socket.off(name, done).off('error', failed).off('close', closed)
      how()
    }
    socket.on(name, done).on('error', failed).on('close', closed)
  })
}
