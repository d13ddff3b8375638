import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** Is told of every request. */
export interface RequestWatcher {
  begin(): void
  /** It is over: answered, or its caller is gone. */
  end(request: FastifyRequest, reply: FastifyReply, durationMs: number): void
}

/**
 * Tells the end of each request, however it ends, and lets `close` end with the last of them.
 *
 * Fastify's `onResponse` is not told of a caller that hangs up. And Node's `server.close()` waits for every connection,
 * also for those that have just been answered or never sent a request (browsers and undici open them in advance),
 * until their keep-alive is over.
 */
export function watchRequests(fastify: FastifyInstance, watcher: RequestWatcher): void {
  let inFlight = 0
  let closing = false
  const endConnections = (): void => {
    if (closing && inFlight === 0) fastify.server.closeAllConnections()
  }
  fastify.addHook('onRequest', (request, reply, done) => {
    const start = performance.now()
    inFlight += 1
    watcher.begin()
    reply.raw.once('close', () => {
      inFlight -= 1
      watcher.end(request, reply, performance.now() - start)
      endConnections()
    })
    done()
  })
  fastify.addHook('preClose', (done) => {
    closing = true
    setImmediate(endConnections) // by then it accepts no more
    done()
  })
}
