import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'

const sweepMs = 1000

/**
 * Closes connections whose peer reads nothing of a waiting response, after at most `timeoutMs` milliseconds.
 *
 * Neither Node nor Fastify has a timeout for that. The socket's own would also fire while a handler works, so it is set only
 * on connections with unsent bytes, which a sweep finds once a second. It is half of the time, because Node starts it again
 * when some bytes have left since they were written. `event` is the server's event for a new connection.
 */
export function closeStalled(server: EventEmitter, event: 'connection' | 'secureConnection', timeoutMs: number): void {
  const halfMs = timeoutMs / 2
  const sockets = new Set<Socket>()
  const watched = new Set<Socket>()
  server.on(event, (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => {
      sockets.delete(socket)
      watched.delete(socket)
    })
  })

  const sweep = (): void => {
    for (const socket of sockets) {
      const isWaiting = socket.writableLength > 0
      if (isWaiting === watched.has(socket)) continue
      if (isWaiting) {
        watched.add(socket)
        socket.setTimeout(halfMs)
      } else {
        watched.delete(socket)
        if (socket.timeout === halfMs) socket.setTimeout(0) // otherwise it is the keep-alive timeout
      }
    }
  }
  let timer: NodeJS.Timeout | undefined
  server.on('listening', () => (timer = setInterval(sweep, sweepMs).unref()))
  server.on('close', () => clearInterval(timer))
}
