import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'

const sweepMs = 1000

/**
 * Closes the connections whose peer takes nothing of an answer that waits for it, after so many milliseconds at most.
 *
 * Neither Node nor Fastify has a timeout for that: the socket's own would also strike while a handler thinks. So the
 * connections are looked at once a second, and only one with unsent bytes gets it. It is half of the time, because Node
 * lets it run a second time when some bytes have left since they were written. `event` is what the server says of each
 * connection.
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
        if (socket.timeout === halfMs) socket.setTimeout(0) // else it is that of keep-alive already
      }
    }
  }
  let timer: NodeJS.Timeout | undefined
  server.on('listening', () => (timer = setInterval(sweep, sweepMs).unref()))
  server.on('close', () => clearInterval(timer))
}
