/**
 * One session with PostgreSQL. `pg` opens it (TLS, authentication); from then on exchanges go out back to back and are
 * answered in order. Why not through `pg` any further: `bench/sql` shows what that costs.
 */
import type { Socket } from 'node:net'
import { DatabaseError, type ErrorResponse, errorOf } from '../errors/databaseError.ts'
import type { Types } from '../values/types.ts'
import type { Address, ConnectionSettings } from '../url/settings.ts'
import { cancel } from './cancel.ts'
import type { ConnectOptions } from './options.ts'
import type { Exchange } from './exchange.ts'
import { columnsIn, fieldsIn, Input, notificationIn, parameterTypesIn, rowCountIn, statusIn } from '../wire/input.ts'
import type { Session } from './login.ts'
import { Output } from '../wire/output.ts'
import { ReportedSettings } from './reportedSettings.ts'
import type { Settings } from './settings.ts'
import { StatementCache } from './statementCache.ts'

/** The time of whoever has a connection to itself. */
export interface Owner {
  /** Whether it can be over by itself, so that it has to be looked at. */
  readonly isLimited: boolean
  /** The request that it works for, if any. */
  readonly request: object | undefined
  /** Of a stream: how many rows it has handed out. */
  readonly rowsRead: number | undefined
  sweep(now: number): void
  /** Ends it, for another reason. */
  end(reason: unknown): void
}

/** A session; `connect` opens one. */
export class Connection {
  readonly types: Types
  readonly output: Output = new Output()
  readonly statements: StatementCache
  /** The server's process, as it was told when the session began. */
  readonly processId: number
  /** Behind a pooler: what each transaction has to set for itself. */
  settings: Settings | undefined
  /** What the server has told of the session's settings. */
  readonly reported: ReportedSettings = new ReportedSettings()
  readonly openedAt: number = performance.now()
  /** Called once, when the session is over for whatever reason. */
  onClose: ((error: DatabaseError) => void) | undefined
  /** Called whenever the last answer has come in. */
  onIdle: (() => void) | undefined
  /** Called when a statement had to be prepared anew: tables have changed, and other statements may be stale, too. */
  onStale: (() => void) | undefined
  onNotification: ((channel: string, payload: string) => void) | undefined
  /** How many exchanges have no answer yet. */
  inFlight = 0
  /** The oldest exchange without an answer. */
  head: Exchange<Connection> | undefined
  /** Whether it is outside a transaction, as of the last answer. */
  isIdle = true
  isOpen = true
  /** Whether statements are looked at for what they leave in the session. */
  readonly isChecked: boolean
  /** A statement of the transaction under way is to be looked at when that has ended. */
  isDueForCheck = false
  /** Something was left in its session: it is not for whoever comes next. */
  isSpoilt = false
  /** Pending while a cancel is under way; what is sent meanwhile may be hit by it. */
  cancelling: Promise<void> | undefined
  /** Whoever has this connection to itself; sweepable before its exchanges are. */
  owner: Owner | undefined

  readonly #socket: Socket
  readonly #session: Session
  readonly #settings: ConnectionSettings
  #tail: Exchange<Connection> | undefined
  // Exchanges that wait until the server has described the parameters of the one before them.
  #held: Exchange<Connection>[] | undefined
  // Behind a pooler: what waits for the answer before it. The pooler may take the server connection away with that answer,
  // although it has passed on half of the next exchange.
  readonly #queue: Exchange<Connection>[] = []
  #scheduled = false
  #onEnd: (() => void) | undefined
  #seen: Exchange<Connection> | undefined
  #seenAt = 0
  #stuckMs = 0
  #cancelledAt = 0
  #fatal: DatabaseError | undefined

  constructor(session: Session, options: ConnectOptions) {
    this.types = options.types
    this.statements = new StatementCache(options.preparedStatements)
    this.isChecked = options.checkSessions
    this.#session = session
    this.#settings = options.settings
    this.#socket = session.socket
    this.processId = session.processId
    const input = new Input((code, bytes, start, end) => this.#receive(code, bytes, start, end))
    this.#socket.removeAllListeners('data')
    this.#socket.on('data', (chunk: Buffer) => {
      try {
        input.push(chunk)
      } catch (cause) {
        this.destroy(new DatabaseError('08P01', 'the database sent what was not understood', { cause }))
      }
    })
    this.#socket.on('error', (cause) => this.destroy(lost(cause)))
    this.#socket.on('close', () => this.destroy(lost()))
  }

  /** Sends an exchange behind those that are under way. */
  send(exchange: Exchange<Connection>): void {
    if (!this.isOpen) {
      exchange.lost(lost(), false)
    } else if (this.#held) {
      this.inFlight++
      this.#held.push(exchange)
    } else if (this.settings && this.head) {
      this.inFlight++
      this.#queue.push(exchange)
    } else if (exchange.write(this)) {
      this.inFlight++
      this.#enqueue(exchange)
    }
  }

  /** Holds everything sent from now on, until `resume`. */
  hold(): void {
    this.#held = []
  }

  /** Sends `first`, then what was held. */
  resume(first?: Exchange<Connection>): void {
    const held = this.#held ?? []
    this.#held = undefined
    this.inFlight -= held.length
    if (first) this.send(first)
    for (const exchange of held) this.send(exchange)
  }

  /** The server at its other end. */
  get address(): Address {
    return this.#session.address
  }

  /** For how long the last sweeps have met the same oldest exchange, in milliseconds; 0 once it is answered. */
  get stuckMs(): number {
    return this.head === this.#seen ? this.#stuckMs : 0
  }

  /**
   * Called every few milliseconds, after answers have been read: lets exchanges give up, and notices when the oldest
   * is still the same. True when one has been given up; and again from time to time while the server still runs it, for
   * a cancel that comes before it has begun does nothing.
   */
  sweep(now: number): boolean {
    this.owner?.sweep(now)
    let gaveUp = false
    for (let exchange = this.head; exchange; exchange = exchange.next) gaveUp = exchange.overdue(now) || gaveUp
    for (const exchange of this.#queue) gaveUp = exchange.overdue(now) || gaveUp
    for (const exchange of this.#held ?? []) gaveUp = exchange.overdue(now) || gaveUp
    if (this.head === undefined || this.head !== this.#seen) {
      this.#seen = this.head
      this.#seenAt = now
    }
    this.#stuckMs = now - this.#seenAt
    return gaveUp || (this.head?.isSettled === true && now - this.#cancelledAt > cancelAgainMs)
  }

  /** Asks the server to stop what this session runs. Only for a connection that nobody else uses. */
  cancel(): void {
    this.#cancelledAt = performance.now()
    this.cancelling ??= cancel(this.#session, this.#settings).then(() => {
      this.cancelling = undefined
    })
  }

  /** Says goodbye when exchanges under way have been answered. */
  async end(): Promise<void> {
    if (this.isOpen && this.inFlight > 0) {
      await new Promise<void>((resolve) => {
        this.onIdle = resolve
        this.#onEnd = resolve
      })
    }
    if (!this.isOpen) return
    this.output.terminate()
    this.#socket.end(this.output.take())
    this.#close(lost())
  }

  /** Closes at once; exchanges under way fail with `error`. */
  destroy(error: DatabaseError): void {
    if (!this.isOpen) return
    this.#socket.destroy()
    this.#close(this.#fatal ?? error)
  }

  #close(error: DatabaseError): void {
    this.isOpen = false
    const held = [...(this.#held ?? []), ...this.#queue.splice(0)]
    const sent: Exchange<Connection>[] = []
    for (let exchange = this.head; exchange; exchange = exchange.next) sent.push(exchange)
    this.head = this.#tail = this.#held = undefined
    this.inFlight = 0
    this.onClose?.(error)
    this.#onEnd?.()
    for (const exchange of sent) exchange.lost(error, true)
    for (const exchange of held) exchange.lost(error, false)
  }

  #enqueue(exchange: Exchange<Connection>): void {
    exchange.next = undefined
    if (this.#tail) this.#tail.next = exchange
    else this.head = exchange
    this.#tail = exchange
    if (this.#scheduled) return
    // One write for all that is sent in this turn of the event loop.
    this.#scheduled = true
    setImmediate(this.#flush)
  }

  readonly #flush = (): void => {
    this.#scheduled = false
    if (this.isOpen) this.#socket.write(this.output.take())
  }

  #receive(code: number, bytes: Buffer, start: number, end: number): void {
    const head = this.head
    switch (code) {
      case 0x44: // D
        return head!.row(bytes, start)
      case 0x43: // C
        return head!.complete(rowCountIn(bytes, start, end), bytes[start]!)
      case 0x5a: // Z
        this.isIdle = bytes[start] === 0x49
        if (this.isIdle && this.reported.isOdd && !this.settings) this.isSpoilt = true
        return this.#finish(head!)
      case 0x54: // T
        return head!.columns(columnsIn(bytes, start))
      case 0x6e: // n
        return head!.columns([])
      case 0x74: // t
        return head!.parameterTypes(parameterTypesIn(bytes, start))
      case 0x45: // E
        return this.#failed(fieldsIn(bytes, start))
      case 0x41: {
        const { channel, payload } = notificationIn(bytes, start)
        return this.onNotification?.(channel, payload)
      }
      case 0x53: // S
        return this.#statusChanged(...statusIn(bytes, start))
      case 0x47: // G
        return this.destroy(new DatabaseError('0A000', 'COPY FROM STDIN is not supported'))
      case 0x32: // 2 BindComplete
        return head!.bound()
      case 0x31: // 1 ParseComplete
      case 0x33: // 3 CloseComplete
      case 0x49: // I EmptyQueryResponse
      case 0x73: // s PortalSuspended
      case 0x4e: // N NoticeResponse
      case 0x48: // H CopyOutResponse, d CopyData, c CopyDone: rows that nobody has asked for
      case 0x64:
      case 0x63:
        return
      default:
        throw new Error(`unknown message 0x${code.toString(16)}`)
    }
  }

  #finish(head: Exchange<Connection>): void {
    this.head = head.next
    // Not for its own sake: one that the garbage collector has put among the old would keep all behind it alive, which
    // then grow old themselves, each with its request.
    head.next = undefined
    if (!this.head) this.#tail = undefined
    this.inFlight--
    head.ready(this)
    while (!this.head && !this.#held && this.#queue.length > 0) {
      this.inFlight--
      this.send(this.#queue.shift()!)
    }
    if (this.inFlight === 0) this.onIdle?.()
  }

  #statusChanged(name: string, value: string): void {
    this.reported.tell(name, value)
    if (name !== 'client_encoding' || value === 'UTF8') return
    this.destroy(new DatabaseError('0A000', `client_encoding is ${value}: texts are read as UTF8, leave it at that`))
  }

  #failed(response: ErrorResponse): void {
    const error = errorOf(response)
    // The session is over: the socket closes next, and then everything under way learns of it.
    if (response.V === 'FATAL' || response.V === 'PANIC') this.#fatal = error
    else this.head?.fail(error)
  }
}

/** How long a statement that was cancelled may take to end, in milliseconds, before it is cancelled again. */
const cancelAgainMs = 100

/** The error of an exchange whose connection went away. */
function lost(cause?: unknown): DatabaseError {
  return new DatabaseError('08006', 'the connection to the database was lost', { cause })
}
