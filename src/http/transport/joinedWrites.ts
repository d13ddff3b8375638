import type { Socket } from 'node:net'

/** So much waits for the end of the turn at most, in characters. */
const mostJoined = 64 * 1024

type Write = (data: string | Uint8Array, encoding?: BufferEncoding, callback?: () => void) => boolean
type JoinedSocket = Socket & { [isJoined]?: true }
const isJoined: unique symbol = Symbol('tricube.isJoined')

/**
 * Has all that is written to a socket in one turn of the event loop leave in one write.
 *
 * On a connection with pipelined requests, Node starts to write a response once the one before is written; each write is a
 * system call. What is held here counts as written, which lets the next begin. What a slow peer does not take counts as
 * Node counts it: then nothing is held.
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
    // As bytes, for Node hands a longer text to the system only in the next turn.
    if (socket.writable) write(Buffer.from(text))
  }
  const joined: Write = (data, encoding, callback) => {
    const isHeld = typeof data === 'string' && isUtf8(data, encoding) && socket.writableLength === 0
    if (!isHeld || held.length + data.length > mostJoined) {
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

/** Whether its bytes are the same in UTF-8: Node writes heads in Latin-1, in which hardly any has more than ASCII. */
function isUtf8(text: string, encoding: BufferEncoding | undefined): boolean {
  return encoding !== 'latin1' || !/[^\0-\x7f]/.test(text)
}
