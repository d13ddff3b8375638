import type { Socket } from 'node:net'
import type { buildConnector } from 'undici'

/**
 * Returns a connector whose connections skip a `100 Continue` before a response.
 *
 * A client must accept one that it did not ask for (RFC 9110, 15.2.1), and some proxies send it, but undici then closes the
 * connection. A connection carries one request at a time. So the first bytes after a request are the start of its response.
 */
export function withoutContinue(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) =>
    connect(options, (...result) => {
      const [, socket] = result
      if (socket) skipContinue(socket)
      callback(...result)
    })
}

function skipContinue(socket: Socket): void {
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
        if (end < 0 && all.length > maxBytes) return all
        if (end < 0) held = all
      }
      chunk = read(size) as Buffer | null
    }
    return chunk
  }
}

const beginning = 'HTTP/1.1 100 '
/** The most bytes of an interim response: it has almost no headers. */
const maxBytes = 16_384

/** Tests the first digit of the status before it compares text: almost no response is an interim one. */
function startsWithContinue(chunk: Buffer): boolean {
  return chunk[9] === 0x31 && chunk.toString('latin1', 0, beginning.length) === beginning
}
