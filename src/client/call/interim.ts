import type { Socket } from 'node:net'
import type { buildConnector } from 'undici'

/**
 * Connections that pass over `100 Continue` before a response. A client has to take one that it did not ask for (RFC 9110,
 * 15.2.1), and some proxies send it; undici ends the connection.
 *
 * One request at a time is on a connection, so what comes first after a request is written is the start of its response.
 */
export function withoutContinue(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) =>
    connect(options, (...result) => {
      const [, socket] = result
      if (socket) passOverContinue(socket)
      callback(...result)
    })
}

function passOverContinue(socket: Socket): void {
  const read = socket.read.bind(socket)
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean
  let isAtStart = true
  let held: Buffer | undefined
  socket.write = (...args: unknown[]): boolean => {
    isAtStart = true
    return write(...args)
  }
  socket.read = (size?: number): Buffer | null => {
    let chunk = read(size) as Buffer | null
    while (isAtStart && chunk !== null) {
      const all: Buffer = held ? Buffer.concat([held, chunk]) : chunk
      held = undefined
      if (!startsWithContinue(all)) {
        isAtStart = all.length < beginning.length && beginning.startsWith(all.toString('latin1'))
        if (!isAtStart) return all
        held = all
      } else {
        const end = all.indexOf('\r\n\r\n')
        if (end >= 0 && end + 4 < all.length) {
          chunk = all.subarray(end + 4)
          continue
        }
        if (end < 0 && all.length > mostBytes) return all
        if (end < 0) held = all
      }
      chunk = read(size) as Buffer | null
    }
    return chunk
  }
}

const beginning = 'HTTP/1.1 100 '
/** An interim response has hardly any headers. */
const mostBytes = 16_384

/** The first digit of the status tells almost all others. */
function startsWithContinue(chunk: Buffer): boolean {
  return chunk[9] === 0x31 && chunk.toString('latin1', 0, beginning.length) === beginning
}
