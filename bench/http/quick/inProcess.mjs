/** Asks a server of Node without the kernel: its connections are streams of its own process. */
import { Duplex } from 'node:stream'

/**
 * Opens connections to a server. `ask(count)` makes so many requests, each with the text that `request()` gives, one under
 * way on each connection, and resolves to how many of them got no 200.
 */
export function connectInProcess(server, { connections, request }) {
  const state = { left: 0, underWay: 0, failed: 0, request, done: undefined }
  const sockets = Array.from({ length: connections }, () => new Connection(state))
  for (const socket of sockets) server.emit('connection', socket)
  return {
    ask(count) {
      return new Promise((resolve) => {
        state.left = count - connections
        state.underWay = connections
        state.failed = 0
        state.done = () => resolve(state.failed)
        for (const socket of sockets) socket.ask()
      })
    },
  }
}

/** A socket for the server, which sends the next request after each response. */
class Connection extends Duplex {
  remoteAddress = '127.0.0.1'
  #state

  constructor(state) {
    super({ decodeStrings: false })
    this.#state = state
  }

  _read() {}

  _write(chunk, _encoding, callback) {
    callback()
    this.#responded(chunk)
  }

  _writev(chunks, callback) {
    callback()
    this.#responded(chunks[0].chunk)
  }

  setTimeout() {}
  setNoDelay() {}
  setKeepAlive() {}

  ask() {
    this.push(this.#state.request())
  }

  #responded(chunk) {
    const state = this.#state
    if (!String(chunk).startsWith('HTTP/1.1 200')) state.failed++
    if (state.left-- > 0) setImmediate(() => this.ask())
    else if (--state.underWay === 0) state.done()
  }
}
