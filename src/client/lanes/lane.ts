import type { Socket } from 'node:net'
import { lanesHeader, leaving, numbered } from './announcement.ts'
import type { ResponseHead } from './responseHead.ts'
import type { RequestText } from './requestText.ts'
import { ResponseParser, tooLarge, type ResponseReceiver } from './responseParser.ts'

/** The most calls on a lane without a response. */
const maxCalls = 64
/** The most bytes of their requests. */
const maxBytes = 256 * 1024
/** A socket with more unsent bytes than this accepts no further call. */
const maxUnsentBytes = 64 * 1024

/** A call on a lane. */
export interface LaneCall {
  /** Whether it needs no response any more: it has one from another connection, was cancelled, or timed out. */
  readonly isOver: boolean
  /** Takes the response. `isLast`: the callee wants no more calls. */
  receivedOnLane(head: ResponseHead, body: string, isLast: boolean): void
  /** Reports that no response will come on this lane. */
  lost(cause: Error): void
  /** Reports the same when the failure already counts for another call of the lane. */
  lostWithAnother(cause: Error): void
  /** Reports that the response is larger than the caller accepts. */
  tooLarge(): void
}

/** The owner of a lane. */
export interface LaneOwner {
  readonly maxResponseBytes: number
  /** Called once, when a lane is closed. There is a `problem` when the peer violated the protocol. */
  closed(lane: Lane, problem: string | undefined): void
}

/** A call that waits for its response. */
class PendingCall {
  readonly call: LaneCall
  readonly method: string
  readonly sequence: number
  readonly sentAt: number
  readonly bytes: number
  next: PendingCall | undefined
  /** Whether it has also been sent over another connection. */
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
 * A connection that calls share.
 *
 * Requests are pipelined (RFC 9112, 9.3.2), and all requests of one turn of the event loop leave in one write. Responses
 * come in the order of the requests. If there is any doubt about that order, the connection is closed.
 */
export class Lane implements ResponseReceiver {
  readonly openedAt: number
  readonly #socket: Socket
  readonly #owner: LaneOwner
  readonly #parser = new ResponseParser(this)
  #oldest: PendingCall | undefined
  #newest: PendingCall | undefined
  #inFlight = 0
  #bytes = 0
  #sequence = 0
  /** The requests of this turn, and their number. */
  #text = ''
  #unsent = 0
  /** When data last arrived. */
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
    socket.on('end', () => this.#close('the other side closed it'))
    socket.on('close', () => this.#close('it was closed'))
  }

  /** The number of calls that wait for their responses. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** Whether it accepts another call. */
  get hasRoom(): boolean {
    return (
      !this.#isRetired &&
      this.#inFlight < maxCalls &&
      this.#bytes < maxBytes &&
      this.#socket.writableLength <= maxUnsentBytes
    )
  }

  /** Whether it accepts no more calls, and closes after its last one. */
  get isRetired(): boolean {
    return this.#isRetired
  }

  /** Returns the milliseconds since data arrived or the oldest call was sent; 0 when no call waits. */
  stuckMs(now: number): number {
    return this.#oldest ? now - Math.max(this.#oldest.sentAt, this.#progressAt) : 0
  }

  /** The request of the next response. Until it has left, no response may arrive. */
  get awaited(): { readonly method: string } | undefined {
    return this.#inFlight > this.#unsent ? this.#oldest : undefined
  }

  /** Sends a request, together with the other requests of this turn. */
  send(call: LaneCall, { method, requestLine, rest }: RequestText, now: number): void {
    const sequence = (this.#sequence += 1)
    const text = requestLine + numbered(sequence) + rest
    const pending = new PendingCall(call, method, sequence, now, text.length)
    if (this.#newest) this.#newest.next = pending
    else this.#oldest = pending
    this.#newest = pending
    this.#inFlight += 1
    this.#bytes += text.length
    if (this.#unsent === 0) setImmediate(this.#flush)
    this.#unsent += 1
    this.#text += text
  }

  /** Accepts no more calls, and closes after the last response. */
  retire(): void {
    this.#isRetired = true
    if (this.#inFlight === 0) this.#close('it is not needed')
  }

  /** Sends each call that waits behind a late response again, while `resend` returns true. */
  resendWaiting(resend: (call: LaneCall) => boolean): void {
    for (let pending = this.#oldest?.next; pending; pending = pending.next) {
      if (pending.isResent || pending.call.isOver) continue
      if (!resend(pending.call)) return
      pending.isResent = true
    }
  }

  /** Closes it when no caller waits for any of its responses, which tells the callee to stop working on them. */
  closeIfAbandoned(): void {
    if (!this.#oldest) return
    for (let pending: PendingCall | undefined = this.#oldest; pending; pending = pending.next) {
      if (!pending.call.isOver) return
    }
    this.#close('no caller waits for it')
  }

  accepts(bytes: number): boolean {
    return bytes <= this.#owner.maxResponseBytes
  }

  received(head: ResponseHead, body: string): void {
    const { call, sequence } = this.#shift()
    // These statuses concern the connection, not the call (RFC 9110, 15.5.9 and 15.5.20).
    if (head.status === 421 || (head.status === 408 && head.endsConnection)) {
      call.lost(new Error(`the connection was rejected with ${head.status}`))
      return this.#close('the other side closed it')
    }
    const isLeaving = head.lane === `${sequence}${leaving}`
    if ((head.lane !== String(sequence) && !isLeaving) || !head.names(lanesHeader)) {
      call.lost(new Error('the connection was lost: a response has the number of another request, or none'))
      return this.#close(
        'its responses could not be trusted',
        `response ${sequence} has the number ${head.lane ?? 'of no request'}`,
      )
    }
    if (isLeaving) this.#isRetired = true
    if (!call.isOver) call.receivedOnLane(head, body, isLeaving || head.endsConnection)
    if (head.endsConnection) this.#close('the other side closed it')
  }

  #read(chunk: Buffer): void {
    if (this.#isClosed) return
    this.#progressAt = performance.now()
    // Without a request, it announces that the server closes an idle connection (RFC 9110, 15.5.9).
    if (!this.awaited && chunk.toString('latin1', 0, 13) === 'HTTP/1.1 408 ')
      return this.#close('it was idle for too long')
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
    // As bytes: Node writes a longer text only in the next turn.
    if (!this.#isClosed) this.#socket.write(Buffer.from(text, 'latin1'))
  }

  #shift(): PendingCall {
    const pending = this.#oldest!
    this.#oldest = pending.next
    if (!this.#oldest) this.#newest = undefined
    this.#inFlight -= 1
    this.#bytes -= pending.bytes
    return pending
  }

  #close(reason: string, problem?: string): void {
    if (this.#isClosed) return
    this.#isClosed = this.#isRetired = true
    this.#socket.destroy()
    this.#owner.closed(this, problem)
    const cause = new Error(`the connection was lost: ${reason}`)
    // The end of a connection counts as one failure of the instance, not as one for each call.
    if (this.#oldest) this.#shift().call.lost(cause)
    while (this.#oldest) this.#shift().call.lostWithAnother(cause)
  }
}
