import type { FastifyReply } from 'fastify'
import type { InFlight } from './inFlight.ts'

/**
 * Ends the responses that are streams of server-sent events. They never end by themselves, and the standard makes a reader
 * connect again, to another instance.
 *
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#the-eventsource-interface
 */
export function endEventStreams(inFlight: InFlight): void {
  for (const { reply, operation } of inFlight) {
    if (operation !== undefined || reply.raw.writableEnded || !isEventStream(reply)) continue
    reply.raw.on('error', () => {}) // its route may go on writing
    reply.raw.end()
  }
}

function isEventStream({ raw }: FastifyReply): boolean {
  if (!raw.headersSent) return false
  // A header that was passed to `writeHead` is only in the text that Node sent.
  const { _header: sent = '' } = raw as { readonly _header?: string | null }
  const type = raw.getHeader('content-type') ?? /^content-type: *(.*)$/im.exec(sent ?? '')?.[1]
  return typeof type === 'string' && type.startsWith('text/event-stream')
}
