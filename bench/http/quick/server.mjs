/**
 * A server of Node that is asked without the kernel: requests come from streams of its own process. What remains is what
 * the framework and Node do in JavaScript, and that can be measured in slices of a few milliseconds, most of which no
 * other program disturbs.
 *
 *   node server.mjs <module of the server> <method> <path>
 *
 * At each message `{ ms }` it works for so long and answers with the CPU microseconds of a request in each slice. A slice
 * with a refusal, as of a server that protects itself on a busy machine, is none.
 */
import { Server } from 'node:http'
import { Duplex } from 'node:stream'
import { pathToFileURL } from 'node:url'

const [file, method, path] = process.argv.slice(2)
const connections = 16
const requestsPerSlice = 64
const warmUpRequests = 30_000

let server
const { listen } = Server.prototype
Server.prototype.listen = function (...args) {
  server = this
  return listen.apply(this, args)
}
await import(pathToFileURL(file))

let asked = 0
let left = 0
let underWay = 0
let done
let isRefused = false

/** What the server takes for a socket: asks again when it has been answered. */
class Connection extends Duplex {
  remoteAddress = '127.0.0.1'

  constructor() {
    super({ decodeStrings: false })
  }

  _read() {}

  _write(chunk, _encoding, callback) {
    callback()
    this.#answered(chunk)
  }

  _writev(chunks, callback) {
    callback()
    this.#answered(chunks[0].chunk)
  }

  setTimeout() {}
  setNoDelay() {}
  setKeepAlive() {}

  ask() {
    asked = (asked % 980) + 1
    this.push(`${method} ${path.replace('%d', asked)} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
  }

  #answered(chunk) {
    if (!String(chunk).startsWith('HTTP/1.1 200')) isRefused = true
    if (left-- > 0) setImmediate(() => this.ask())
    else if (--underWay === 0) done()
  }
}

const sockets = Array.from({ length: connections }, () => new Connection())
for (const socket of sockets) server.emit('connection', socket)
await ask(warmUpRequests)
process.send('ready')
process.on('disconnect', () => process.exit())
process.on('message', async ({ ms }) => {
  const slices = []
  const end = performance.now() + ms
  while (performance.now() < end) {
    isRefused = false
    const before = process.cpuUsage()
    await ask(requestsPerSlice)
    const { user, system } = process.cpuUsage(before)
    if (!isRefused) slices.push((user + system) / requestsPerSlice)
  }
  process.send(slices)
})

function ask(count) {
  return new Promise((resolve) => {
    left = count - connections
    underWay = connections
    done = resolve
    for (const socket of sockets) socket.ask()
  })
}
