import { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { AnyResponse } from './messages.ts'

/**
 * Closes a response with its connection even while it is queued behind the responses to earlier pipelined requests (RFC
 * 9112, 9.3.2).
 *
 * Node closes only the current response. The queued ones would never end: they would stay in flight, and their handlers
 * would go on.
 */
export function closeWithConnection(response: AnyResponse, socket: PipelinedSocket): void {
  if (response.socket !== null || !(response instanceof ServerResponse)) return
  const queue = (socket[queued] ??= queueOf(socket))
  // Responses leave the queue in order, so a look at its front is enough: a listener for each would cost every request.
  while (queue.length > 0 && !isQueued(queue[0]!)) queue.shift()
  queue.push(response)
}

const queued: unique symbol = Symbol('tricube.queued')
type PipelinedSocket = Socket & { [queued]?: ServerResponse[] }

function queueOf(socket: Socket): ServerResponse[] {
  const queue: ServerResponse[] = []
  socket.once('close', () => {
    for (const response of queue) if (isQueued(response)) close(response)
  })
  return queue
}

/** Whether a response is queued: the current one has the socket, and one that is sent is finished. */
function isQueued(response: ServerResponse): boolean {
  return response.socket === null && !response.writableFinished
}

/** Closes a response as Node closes the current one. */
function close(response: ServerResponse): void {
  response.destroyed = true
  response.emit('close')
}
