import type { Socket } from 'node:net'
import { lanesHeader, leaving, numbered } from './announcement.ts'
import type { ResponseHead } from './responseHead.ts'
import type { RequestText } from './requestText.ts'
import { ResponseParser, tooLarge, type ResponseReceiver } from './responseParser.ts'

/** Most calls on a lane that have not been answered. */
const mostCalls = 64
/** Most bytes of their requests. */
const mostBytes = 256 * 1024
/** A socket with more unsent bytes takes no further call. */
const mostUnsentBytes = 64 * 1024

/** A call that takes a lane. */
export interface LaneCall {
  /** Whether nobody waits for it any more: it was answered another way, given up, or late. */
  readonly isOver: boolean
  /** Its response has come. `isLast`: the callee wants no more calls. */
  answeredOnLane(head: ResponseHead, body: string, isLast: boolean): void
  /** There will be no response to it on this lane. */
  lost(cause: Error): void
  /** Likewise, as another call's response did not come. */
  lostWithAnother(cause: Error): void
  /** Its response is larger than the caller takes. */
  tooLarge(): void
}

/** What a lane tells whom it belongs to. */
export interface LaneOwner {
  readonly maxResponseBytes: number
  /** It is closed, for good. `problem` when its peer has broken the protocol. */
  closed(lane: Lane, problem: string | undefined): void
}

/** A call between its request and its response. */
class Waiting {
  readonly call: LaneCall
  readonly method: string
  readonly sequence: number
  readonly sentAt: number
  readonly bytes: number
  next: Waiting | undefined
  /** Whether it has been sent over another connection, too. */
  isResent = false

  constructor(call: LaneCall, method: string, sequence: number, sentAt: number, bytes: number) {
    this.call = call
    this.method = method
    this.sequence = sequence
    this.sentAt = sentAt
    this.bytes = bytes
  }
}

/**
 * A connection that calls share: requests are pipelined (RFC 9112, 9.3.2), and all of one turn of the event loop leave in one
 * write. Responses come in the order of the requests; on any doubt about that the connection is closed.
 */
export class Lane implements ResponseReceiver {
  readonly openedAt: number
  readonly #socket: Socket
  readonly #owner: LaneOwner
  readonly #parser = new ResponseParser(this)
  #oldest: Waiting | undefined
  #newest: Waiting | undefined
  #inFlight = 0
  #bytes = 0
  #sequence = 0
  /** The requests of this turn, and how many there are. */
  #text = ''
  #unsent = 0
  /** When a response came last. */
  #progressAt: number
  #isRetired = false
  #isClosed = false

  constructor(socket: Socket, owner: LaneOwner, idleMs: number, now: number) {
    this.#socket = socket
    this.#owner = owner
    this.openedAt = this.#progressAt = now
    socket.setNoDelay(true)
    socket.setTimeout(idleMs, () => this.#inFlight > 0 || this.#close('it was idle'))
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('error', (error) => this.#close(error.message))
    socket.on('end', () => this.#close('the other side ended it'))
    socket.on('close', () => this.#close('it was closed'))
  }

  /** Calls that wait for their responses. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** Whether it takes one more call. */
  get hasRoom(): boolean {
    return (
      !this.#isRetired &&
      this.#inFlight < mostCalls &&
      this.#bytes < mostBytes &&
      this.#socket.writableLength <= mostUnsentBytes
    )
  }

  /** Whether it takes no more calls, and is closed after those that it has. */
  get isRetired(): boolean {
    return this.#isRetired
  }

  /** Milliseconds since something came, or the oldest call was sent; 0 when it owes nothing. */
  stuckMs(now: number): number {
    return this.#oldest ? now - Math.max(this.#oldest.sentAt, this.#progressAt) : 0
  }

  /** What the next response is to: nothing may come before its request has left. */
  get awaited(): { readonly method: string } | undefined {
    return this.#inFlight > this.#unsent ? this.#oldest : undefined
  }

  /** Sends a request, with all others of this turn. `first` is its first line, `rest` all that follows. */
  send(call: LaneCall, { method, first, rest }: RequestText, now: number): void {
    const sequence = (this.#sequence += 1)
    const text = first + numbered(sequence) + rest
    const waiting = new Waiting(call, method, sequence, now, text.length)
    if (this.#newest) this.#newest.next = waiting
    else this.#oldest = waiting
    this.#newest = waiting
    this.#inFlight += 1
    this.#bytes += text.length
    if (this.#unsent === 0) setImmediate(this.#flush)
    this.#unsent += 1
    this.#text += text
  }

  /** Takes no more calls. */
  retire(): void {
    this.#isRetired = true
    if (this.#inFlight === 0) this.#close('it is not needed')
  }

  /** Has each call that waits behind a late response sent once more, as long as `resend` does. */
  resendWaiting(resend: (call: LaneCall) => boolean): void {
    for (let waiting = this.#oldest?.next; waiting; waiting = waiting.next) {
      if (waiting.isResent || waiting.call.isOver) continue
      if (!resend(waiting.call)) return
      waiting.isResent = true
    }
  }

  /** Closes it when nobody waits for any of its responses: so the callee hears that it need not go on. */
  closeIfAbandoned(): void {
    if (!this.#oldest) return
    for (let waiting: Waiting | undefined = this.#oldest; waiting; waiting = waiting.next) {
      if (!waiting.call.isOver) return
    }
    this.#close('nobody waits for it')
  }

  isTaken(bytes: number): boolean {
    return bytes <= this.#owner.maxResponseBytes
  }

  received(head: ResponseHead, body: string): void {
    const { call, sequence } = this.#shift()
    const isLeaving = head.lane === `${sequence}${leaving}`
    if ((head.lane !== String(sequence) && !isLeaving) || !head.names(lanesHeader)) {
      call.lost(new Error('the connection was lost: a response does not say which request it is to'))
      return this.#close(
        'it could not be trusted',
        `response ${sequence} says that it is ${head.lane ?? 'none of a lane'}`,
      )
    }
    if (isLeaving) this.#isRetired = true
    // These are about the connection, not about the call: RFC 9110, 15.5.9 and 15.5.20.
    const isAboutConnection = head.status === 421 || (head.status === 408 && head.endsConnection)
    if (isAboutConnection) call.lost(new Error(`the connection was answered with ${head.status}`))
    else if (!call.isOver) call.answeredOnLane(head, body, isLeaving || head.endsConnection)
    if (head.endsConnection || isAboutConnection) this.#close('the other side ended it')
  }

  #read(chunk: Buffer): void {
    if (this.#isClosed) return
    this.#progressAt = performance.now()
    const problem = this.#parser.read(chunk)
    if (this.#isClosed) return
    if (problem === tooLarge) {
      this.#shift().call.tooLarge()
      this.#close(problem)
    } else if (problem !== undefined) {
      this.#close(problem, problem)
    } else if (this.#isRetired && this.#inFlight === 0) {
      this.#close('it is not needed')
    }
  }

  readonly #flush = (): void => {
    const text = this.#text
    this.#text = ''
    this.#unsent = 0
    // As bytes, for Node hands a longer text to the system only in the next turn.
    if (!this.#isClosed) this.#socket.write(Buffer.from(text, 'latin1'))
  }

  #shift(): Waiting {
    const waiting = this.#oldest!
    this.#oldest = waiting.next
    if (!this.#oldest) this.#newest = undefined
    this.#inFlight -= 1
    this.#bytes -= waiting.bytes
    return waiting
  }

  #close(why: string, problem?: string): void {
    if (this.#isClosed) return
    this.#isClosed = this.#isRetired = true
    this.#socket.destroy()
    this.#owner.closed(this, problem)
    const cause = new Error(`the connection was lost: ${why}`)
    // The end of one connection is one failure of its instance, however many calls were on it.
    if (this.#oldest) this.#shift().call.lost(cause)
    while (this.#oldest) this.#shift().call.lostWithAnother(cause)
  }
}
