import type { Socket } from 'node:net'

/** Most text that waits for the end of the turn, in characters. */
const maxJoined = 64 * 1024

type Write = (data: string | Uint8Array, encoding?: BufferEncoding, callback?: () => void) => boolean
type JoinedSocket = Socket & { [isJoined]?: true }
const isJoined: unique symbol = Symbol('tricube.isJoined')

/**
 * Joins all writes to a socket in one turn of the event loop into one.
 *
 * On a connection with pipelined requests, Node begins a response once the one before is written, and each write is a system
 * call. Text that is held here counts as written, so the next response can begin. Nothing is held while a slow peer has
 * unread data.
 */
export function joinWrites(socket: JoinedSocket): void {
  if (socket[isJoined]) return
  socket[isJoined] = true
  const write = socket.write.bind(socket) as Write
  const end = socket.end.bind(socket) as (...args: unknown[]) => Socket
  const destroy = socket.destroy.bind(socket)
  let held = ''

  const flush = (): void => {
    if (held === '') return
    const text = held
    held = ''
    // As bytes: Node passes a longer text to the system only in the next turn.
    if (socket.writable) write(Buffer.from(text))
  }
  const joined: Write = (data, encoding, callback) => {
    const isHeld = typeof data === 'string' && isUtf8(data, encoding) && socket.writableLength === 0
    if (!isHeld || held.length + data.length > maxJoined) {
      flush()
      return write(data, encoding, callback)
    }
    if (held === '' && data !== '') setImmediate(flush)
    held += data
    if (callback) process.nextTick(callback)
    return true
  }
  socket.write = joined as Socket['write']
  socket.end = (...args: unknown[]): Socket => {
    flush()
    return end(...args)
  }
  socket.destroy = (error?: Error): Socket => {
    flush()
    return destroy(error)
  }
}

/** Whether a text has the same bytes in UTF-8. Node writes heads in Latin-1, and nearly all are ASCII. */
function isUtf8(text: string, encoding: BufferEncoding | undefined): boolean {
  return encoding !== 'latin1' || !/[^\0-\x7f]/.test(text)
}
