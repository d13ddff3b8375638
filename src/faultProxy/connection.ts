import { connect, type Socket } from 'node:net'
import { Link } from './link.ts'
import { conditionsOf, type Toxic } from './toxics.ts'

/** A client's connection, its connection to the target, and the toxics that apply to them. */
export class Connection {
  readonly #client: Socket
  readonly #server: Socket
  readonly #upstream: Link
  readonly #downstream: Link
  readonly #toxics: Set<Toxic>
  readonly #timers = new Map<Toxic, NodeJS.Timeout>()

  constructor(client: Socket, target: { host: string; port: number }, toxics: Iterable<Toxic>, onClose: () => void) {
    this.#toxics = new Set(toxics)
    this.#client = client
    this.#server = connect({ ...target, allowHalfOpen: true, noDelay: true })
    this.#upstream = new Link(client, this.#server, conditionsOf(this.#toxics, 'upstream'))
    this.#downstream = new Link(this.#server, client, conditionsOf(this.#toxics, 'downstream'))
    let open = 2
    for (const socket of [client, this.#server]) {
      socket.on('error', () => this.reset())
      socket.on('close', () => {
        if (--open > 0) return
        this.#forget()
        onClose()
      })
    }
    for (const toxic of this.#toxics) this.#meet(toxic)
  }

  add(toxic: Toxic): void {
    this.#toxics.add(toxic)
    this.#meet(toxic)
    this.#change()
  }

  /** Removes a toxic. A connection held by `timeout` is closed, because half a message would do more harm. */
  remove(toxic: Toxic): void {
    this.#toxics.delete(toxic)
    clearTimeout(this.#timers.get(toxic))
    if (toxic.type === 'timeout') this.close()
    else this.#change()
  }

  /** Closes both ends at once, in order. */
  close(): void {
    this.#client.destroy()
    this.#server.destroy()
  }

  /** Resets both ends at once. */
  reset(): void {
    for (const socket of [this.#client, this.#server]) {
      if (socket.connecting) socket.destroy()
      else if (!socket.destroyed) socket.resetAndDestroy()
    }
  }

  #meet(toxic: Toxic): void {
    if (toxic.type === 'down' || (toxic.type === 'reset_peer' && !toxic.timeoutMs)) this.reset()
    else if (toxic.type === 'reset_peer') this.#after(toxic, toxic.timeoutMs!, () => this.reset())
    else if (toxic.type === 'timeout' && toxic.timeoutMs) this.#after(toxic, toxic.timeoutMs, () => this.close())
  }

  #after(toxic: Toxic, ms: number, run: () => void): void {
    this.#timers.set(toxic, setTimeout(run, ms))
  }

  #change(): void {
    this.#upstream.change(conditionsOf(this.#toxics, 'upstream'))
    this.#downstream.change(conditionsOf(this.#toxics, 'downstream'))
  }

  #forget(): void {
    this.#upstream.close()
    this.#downstream.close()
    for (const timer of this.#timers.values()) clearTimeout(timer)
  }
}
