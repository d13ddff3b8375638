import type { Server } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { InFlight } from './inFlight.ts'

/**
 * Lets `fastify.close()` fail no request that has reached the process, and end with the last of them.
 *
 * Node's `server.close()` ends the idle connections at once, from 26.4 on also those that never sent a request
 * (nodejs/node#63470), and waits for the others. Browsers and undici open some in advance; but whoever has just connected is about to send one, and gets
 * `newConnectionMs` milliseconds for it. So does whoever keeps a connection and may be sending the next.
 */
export function closeAfterRequests(fastify: FastifyInstance, inFlight: InFlight, newConnectionMs: number): void {
  fastify.addHook('preClose', (done) => {
    const { server } = fastify
    let isOver = false
    const closeConnections = (): void => {
      server.closeIdleConnections()
      if (isOver && inFlight.size === 0) server.closeAllConnections()
    }
    patiently(server, () => isOver)
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

/** Has a server keep its idle connections until then, whoever wants them closed: Node and Fastify do. */
function patiently(server: Server, isOver: () => boolean): void {
  const closeIdle = server.closeIdleConnections.bind(server)
  server.closeIdleConnections = () => void (isOver() && closeIdle())
}

/**
 * Calls back right after a turn of the event loop that was short and brought no connection.
 *
 * The system resets the connections that it has accepted and the process has not, and those with unread requests. After
 * such a turn there are hardly any; after a long one, of a process that gets too little of the CPU, there are many. What
 * is short is taken less strictly with each turn, so that it ends in a process that is busy, too.
 */
function whenQuiet(server: Server, callback: () => void): void {
  let last = performance.now()
  let turns = 0
  let hasAccepted = false
  const onConnection = (): void => void (hasAccepted = true)
  const turn = (): void => {
    const now = performance.now()
    const isShort = now - last < ++turns * msPerTurn
    if ((isShort && !hasAccepted) || turns === mostTurns) {
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
const mostTurns = 200
