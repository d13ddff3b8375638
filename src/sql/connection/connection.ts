/**
 * A session with PostgreSQL. `pg` opens it, with TLS and authentication. From then on exchanges are pipelined and their
 * responses arrive in order. `bench/sql` shows what going on through `pg` would cost.
 */
import type { Socket } from 'node:net'
import { DatabaseError, type ErrorResponse, errorOf } from '../errors/databaseError.ts'
import type { Types } from '../values/types.ts'
import type { Address, ConnectionSettings } from '../url/settings.ts'
import { cancel } from './cancel.ts'
import type { Exchange } from './exchange.ts'
import { HeadWatch } from './headWatch.ts'
import type { ConnectOptions } from './options.ts'
import type { Owner } from './owner.ts'
import { columnsIn, fieldsIn, Input, notificationIn, parameterTypesIn, rowCountIn, statusIn } from '../wire/input.ts'
import type { Session } from './login.ts'
import { Output } from '../wire/output.ts'
import { ReportedSettings } from './reportedSettings.ts'
import type { Settings } from './settings.ts'
import { StatementCache } from './statementCache.ts'
import { Unsent } from './unsent.ts'

/** A session, opened by `connect`. */
export class Connection {
  readonly types: Types
  readonly output: Output = new Output()
  readonly statements: StatementCache
  /** ID of the server's process, as reported when the session began. */
  readonly processId: number
  /** Set behind a pooler, where each transaction needs its own settings. */
  settings: Settings | undefined
  /** The settings of the session as the server reports them. */
  readonly reported: ReportedSettings = new ReportedSettings()
  readonly openedAt: number = performance.now()
  /** Called once, when the session has ended. */
  onClose: ((error: DatabaseError) => void) | undefined
  /** Called when all responses have arrived. */
  onIdle: (() => void) | undefined
  /** Called when a statement had to be prepared anew: tables have changed, and other statements may be stale too. */
  onStale: (() => void) | undefined
  onNotification: ((channel: string, payload: string) => void) | undefined
  /** Number of exchanges without a response. */
  inFlight = 0
  /** The oldest exchange without a response. */
  head: Exchange<Connection> | undefined
  /** Whether it is outside a transaction, as of the last response. */
  isIdle = true
  isOpen = true
  /** Whether statements are checked for what they leave in the session. */
  readonly isChecked: boolean
  /** Whether the session has to be checked when the open transaction has ended. */
  isDueForCheck = false
  /** Whether something was left in the session: the connection must not be reused. */
  isDirty = false
  /** Pending during a cancel, which may hit statements that are sent meanwhile. */
  cancelling: Promise<void> | undefined
  /** The user that has this connection to itself; it is swept before its exchanges. */
  owner: Owner | undefined

  readonly #socket: Socket
  readonly #session: Session
  readonly #settings: ConnectionSettings
  #tail: Exchange<Connection> | undefined
  readonly #unsent = new Unsent<Connection>()
  readonly #watch = new HeadWatch()
  #scheduled = false
  #onEnd: (() => void) | undefined
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
        this.destroy(new DatabaseError('08P01', 'the database sent a message that cannot be parsed', { cause }))
      }
    })
    this.#socket.on('error', (cause) => this.destroy(lost(cause)))
    this.#socket.on('close', () => this.destroy(lost()))
  }

  /** Sends an exchange after those in flight. */
  send(exchange: Exchange<Connection>): void {
    if (!this.isOpen) {
      exchange.lost(lost(), { wasSent: false })
    } else if (this.#unsent.deferred) {
      this.inFlight++
      this.#unsent.deferred.push(exchange)
    } else if (this.settings && this.head) {
      this.inFlight++
      this.#unsent.queue.push(exchange)
    } else if (exchange.write(this)) {
      this.inFlight++
      this.#enqueue(exchange)
    }
  }

  /** Defers everything that is sent, until `resume`. */
  defer(): void {
    this.#unsent.deferred = []
  }

  /** Sends `first`, then the deferred exchanges. */
  resume(first?: Exchange<Connection>): void {
    const deferred = this.#unsent.deferred ?? []
    this.#unsent.deferred = undefined
    this.inFlight -= deferred.length
    if (first) this.send(first)
    for (const exchange of deferred) this.send(exchange)
  }

  /** The address of the server. */
  get address(): Address {
    return this.#session.address
  }

  /** Milliseconds for which sweeps have seen the same oldest exchange; 0 once its response is complete. */
  get stuckMs(): number {
    return this.#watch.stuckMs(this.head)
  }

  /**
   * Called every few milliseconds, after responses have been read. Expires exchanges and notices when the oldest stays the
   * same. Returns true when an exchange has expired, and from time to time while the server still runs it: a cancel
   * that arrives before the statement starts has no effect.
   */
  sweep(now: number): boolean {
    this.owner?.sweep(now)
    let hasExpired = false
    for (let exchange = this.head; exchange; exchange = exchange.next) hasExpired = exchange.expire(now) || hasExpired
    for (const exchange of this.#unsent.all) hasExpired = exchange.expire(now) || hasExpired
    this.#watch.see(this.head, now)
    return hasExpired || (this.head?.isSettled === true && now - this.#cancelledAt > cancelAgainMs)
  }

  /** Whether nobody waits for any exchange in flight. */
  get isAbandoned(): boolean {
    for (let exchange = this.head; exchange; exchange = exchange.next) if (!exchange.isSettled) return false
    return this.#unsent.all.every(({ isSettled }) => isSettled)
  }

  /** Cancels what this session runs. Only for a connection with a single user, or that nobody waits for. */
  cancel(): void {
    this.#cancelledAt = performance.now()
    this.cancelling ??= cancel(this.#session, this.#settings).then(() => {
      this.cancelling = undefined
    })
  }

  /** Closes the session when the exchanges in flight have ended. */
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

  /** Closes at once; exchanges in flight fail with `error`. */
  destroy(error: DatabaseError): void {
    if (!this.isOpen) return
    this.#socket.destroy()
    this.#close(this.#fatal ?? error)
  }

  #close(error: DatabaseError): void {
    this.isOpen = false
    const unsent = this.#unsent.takeAll()
    const sent: Exchange<Connection>[] = []
    for (let exchange = this.head; exchange; exchange = exchange.next) sent.push(exchange)
    this.head = this.#tail = undefined
    this.inFlight = 0
    this.onClose?.(error)
    this.#onEnd?.()
    for (const exchange of sent) exchange.lost(error, { wasSent: true })
    for (const exchange of unsent) exchange.lost(error, { wasSent: false })
  }

  #enqueue(exchange: Exchange<Connection>): void {
    exchange.next = undefined
    if (this.#tail) this.#tail.next = exchange
    else this.head = exchange
    this.#tail = exchange
    if (this.#scheduled) return
    // One write for everything that is sent in this turn of the event loop.
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
        if (this.isIdle && this.reported.isChanged && !this.settings) this.isDirty = true
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
      case 0x48: // H CopyOutResponse, d CopyData, c CopyDone: rows of a COPY, which are ignored
      case 0x64:
      case 0x63:
        return
      default:
        throw new Error(`unknown message 0x${code.toString(16)}`)
    }
  }

  #finish(head: Exchange<Connection>): void {
    this.head = head.next
    // An exchange in the old generation would otherwise keep all later ones alive, each with its request, until they are
    // old too.
    head.next = undefined
    if (!this.head) this.#tail = undefined
    this.inFlight--
    head.ready(this)
    const { queue } = this.#unsent
    while (!this.head && !this.#unsent.deferred && queue.length > 0) {
      this.inFlight--
      this.send(queue.shift()!)
    }
    if (this.inFlight === 0) this.onIdle?.()
  }

  #statusChanged(name: string, value: string): void {
    this.reported.update(name, value)
    if (name !== 'client_encoding' || value === 'UTF8') return
    this.destroy(new DatabaseError('0A000', `client_encoding must be UTF8, got ${value}: do not change it`))
  }

  #failed(response: ErrorResponse): void {
    const error = errorOf(response)
    // The session is over: the socket closes next and fails everything in flight.
    if (response.V === 'FATAL' || response.V === 'PANIC') this.#fatal = error
    else this.head?.fail(error)
  }
}

/** Milliseconds after which a cancelled statement that still runs is cancelled once more. */
const cancelAgainMs = 100

/** The error of an exchange whose connection was lost. */
function lost(cause?: unknown): DatabaseError {
  return new DatabaseError('08006', 'the connection to the database was lost', { cause })
}
