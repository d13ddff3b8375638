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
  // They become due in order, so that those at the front tell by themselves: a listener for each would cost every request.
  while (answers.length > 0 && !isWaiting(answers[0]!)) answers.shift()
  answers.push(response)
}

const waiting: unique symbol = Symbol('tricube.waiting')
type WaitedFor = Socket & { [waiting]?: ServerResponse[] }

function waitingFor(socket: Socket): ServerResponse[] {
  const answers: ServerResponse[] = []
  socket.once('close', () => {
    for (const answer of answers) if (isWaiting(answer)) close(answer)
  })
  return answers
}

/** Whether it is not due: one that is due has the socket, and one that has been sent has it no more. */
function isWaiting(answer: ServerResponse): boolean {
  return answer.socket === null && !answer.writableFinished
}

/** As Node does it to the answer that is due. */
function close(answer: ServerResponse): void {
  answer.destroyed = true
  answer.emit('close')
}
