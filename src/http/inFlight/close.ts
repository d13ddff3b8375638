import type { Server } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { InFlight } from './inFlight.ts'

/**
 * Makes `fastify.close()` wait for all requests that have reached the process, and end with the last of them.
 *
 * Node's `server.close()` ends idle connections at once, and waits for all others. From 26.4 on it also ends those that
 * have not sent a request yet (nodejs/node#63470). A caller that has just connected, or keeps a connection, may be sending
 * its next request now. It gets `newConnectionMs` milliseconds for it.
 */
export function closeAfterRequests(fastify: FastifyInstance, inFlight: InFlight, newConnectionMs: number): void {
  fastify.addHook('preClose', (done) => {
    const { server } = fastify
    let isOver = false
    const closeConnections = (): void => {
      server.closeIdleConnections()
      if (isOver && inFlight.size === 0) server.closeAllConnections()
    }
    keepIdleConnections(server, () => isOver)
    inFlight.endConnections()
    inFlight.onEmpty = closeConnections
    whenQuiet(server, () => {
      done() // accepts no more
      setTimeout(() => {
        isOver = true
        closeConnections()
      }, newConnectionMs).unref()
    })
  })
}

/** Keeps a server's idle connections until `isOver`, although Node and Fastify close them. */
function keepIdleConnections(server: Server, isOver: () => boolean): void {
  const closeIdle = server.closeIdleConnections.bind(server)
  server.closeIdleConnections = () => void (isOver() && closeIdle())
}

/**
 * Calls back right after a turn of the event loop that was short and brought no connection.
 *
 * The system resets connections that it has accepted and the process has not, and those with unread requests. After a short
 * turn there are hardly any. After a long one, in a process that gets too little CPU, there are many. The bound of a short
 * turn grows with each turn, so that a busy process stops too.
 */
function whenQuiet(server: Server, callback: () => void): void {
  let last = performance.now()
  let turns = 0
  let hasAccepted = false
  const onConnection = (): void => void (hasAccepted = true)
  const turn = (): void => {
    const now = performance.now()
    const isShort = now - last < ++turns * msPerTurn
    if ((isShort && !hasAccepted) || turns === maxTurns) {
      server.off('connection', onConnection)
      callback()
      return
    }
    hasAccepted = false
    last = now
    setImmediate(turn)
  }
  server.on('connection', onConnection)
  setImmediate(turn)
}

/** A turn without work takes some hundredths of a millisecond. */
const msPerTurn = 0.05
const maxTurns = 200
