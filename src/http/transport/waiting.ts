import { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { AnyResponse } from './messages.ts'

/**
 * Sees to it that an answer hears of its connection's end also while it waits for another before it, which a caller that
 * does not await one before it asks again (RFC 9112, 9.3.2) makes it do.
 *
 * Node tells only the answer that is due. The others would never end: in flight for good, and their handlers at work.
 */
export function hearWhileWaiting(response: AnyResponse, socket: WaitedFor): void {
  if (response.socket !== null || !(response instanceof ServerResponse)) return
  const answers = (socket[waiting] ??= waitingFor(socket))
  answers.add(response)
  response.once('close', () => answers.delete(response))
}

const waiting: unique symbol = Symbol('tricube.waiting')
type WaitedFor = Socket & { [waiting]?: Set<ServerResponse> }

function waitingFor(socket: Socket): Set<ServerResponse> {
  const answers = new Set<ServerResponse>()
  socket.once('close', () => {
    for (const answer of answers) if (answer.socket === null) close(answer)
  })
  return answers
}

/** As Node does it to the answer that is due. */
function close(answer: ServerResponse): void {
  answer.destroyed = true
  answer.emit('close')
}
