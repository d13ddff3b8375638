/** Asks a server for a number of answers, as fast as it gives them, over connections that are kept. */
import { once } from 'node:events'
import { connect } from 'node:net'

export const connections = 64
const patienceMs = 30_000
const zeroChunk = Buffer.from('0\r\n\r\n')

/**
 * The connections to one server, with one request under way on each. The tools that are there for this (wrk, autocannon,
 * oha) connect anew each time, and most work for whole seconds: a turn of a tenth of one could not be measured with them.
 */
export class Load {
  #host
  #port
  #requests
  #connections = []
  #asked = 0

  constructor(url, { method, path, body = '' }) {
    const { hostname, port } = new URL(url)
    this.#host = hostname
    this.#port = Number(port)
    const fields = body && `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`
    this.#requests = Array.from({ length: 980 }, (_, i) =>
      Buffer.from(`${method} ${path.replace('%d', i + 1)} HTTP/1.1\r\nhost: ${hostname}\r\n${fields}\r\n${body}`),
    )
  }

  /**
   * Resolves when `count` requests are answered, to `{ seconds, latenciesMs, failed }`: of `failed` the answer was no 200.
   *
   * @throws when the server closes a connection under way, or does not answer within 30 s
   */
  async ask(count) {
    await this.#open()
    let patience
    try {
      return await new Promise((resolve, reject) => {
        patience = setTimeout(() => reject(new Error(`no answer within ${patienceMs / 1000} s`)), patienceMs)
        this.#turn(count, resolve, reject)
      })
    } finally {
      clearTimeout(patience)
    }
  }

  #turn(count, resolve, reject) {
    const latenciesMs = new Float64Array(count)
    const begun = performance.now()
    let [asked, answered, failed] = [0, 0, 0]
    const next = (connection) => {
      if (asked++ < count) connection.ask(this.#requests[this.#asked++ % this.#requests.length], took)
    }
    const took = (connection, isGood, latencyMs) => {
      latenciesMs[answered++] = latencyMs
      if (!isGood) failed++
      if (answered < count) next(connection)
      else resolve({ seconds: (performance.now() - begun) / 1000, latenciesMs, failed })
    }
    for (const connection of this.#connections) {
      connection.failed = reject
      next(connection)
    }
  }

  /** Most servers close a connection that was idle for some seconds. */
  async #open() {
    this.#connections = this.#connections.filter(({ isOpen }) => isOpen)
    const missing = Array.from({ length: connections - this.#connections.length }, () =>
      Connection.to(this.#port, this.#host),
    )
    this.#connections.push(...(await Promise.all(missing)))
  }

  close() {
    for (const connection of this.#connections) connection.close()
  }
}

class Connection {
  isOpen = true
  /** Told when the connection ends before the answer does. */
  failed
  #socket
  #answered
  #askedAt = 0
  #partial

  static async to(port, host) {
    const socket = connect(port, host).setNoDelay(true)
    await once(socket, 'connect')
    return new Connection(socket)
  }

  constructor(socket) {
    this.#socket = socket
    socket.on('data', (chunk) => this.#take(chunk))
    socket.on('error', () => {})
    socket.on('close', () => {
      this.isOpen = false
      if (this.#answered) this.failed(new Error('the server closed a connection with a request under way'))
    })
  }

  ask(request, answered) {
    this.#answered = answered
    this.#askedAt = performance.now()
    this.#socket.write(request)
  }

  close() {
    this.#answered = undefined
    this.#socket.destroy()
  }

  #take(chunk) {
    const answer = this.#partial ? Buffer.concat([this.#partial, chunk]) : chunk
    this.#partial = undefined
    if (!isWhole(answer)) return void (this.#partial = answer)
    const answered = this.#answered
    this.#answered = undefined
    answered(this, answer.latin1Slice(9, 12) === '200', performance.now() - this.#askedAt)
  }
}

function isWhole(answer) {
  const end = answer.indexOf('\r\n\r\n')
  if (end < 0) return false
  const length = /\r\ncontent-length: *(\d+)/i.exec(answer.latin1Slice(0, end))?.[1]
  return length === undefined ? answer.subarray(-5).equals(zeroChunk) : answer.length >= end + 4 + Number(length)
}
