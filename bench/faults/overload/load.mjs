// Load from a process of its own, over so many connections that are open before it begins. `closed` keeps each busy; `open`
// sends at a fixed rate whether or not responses come. A request without a free connection has failed. Sends its parent
// `{ at, status, ms }` of each request.
import { once } from 'node:events'
import { connect } from 'node:net'

const [port, path, mode, seconds, rate, most] = process.argv
  .slice(2)
  .map((text) => (/^\d/.test(text) ? Number(text) : text))
const request = `GET ${path} HTTP/1.1\r\nhost: localhost\r\nx-request-timeout-ms: 5000\r\n\r\n`
const results = []
const idle = []
let inFlight = 0

for (let n = 0; n < most; n++) idle.push(open())
await Promise.all(idle.map((socket) => once(socket, 'connect')))
await new Promise((resolve) => setTimeout(resolve, 1000)) // libuv accepts one connection a turn
const from = performance.now()

function begin(dueAt) {
  const socket = idle.pop()
  if (!socket) return void results.push({ at: dueAt - from, status: 0, ms: 0 })
  inFlight += 1
  socket.dueAt = dueAt
  socket.write(request)
}

function open() {
  const socket = connect(port, '127.0.0.1').setNoDelay()
  socket.on('data', (chunk) => {
    if (socket.dueAt === undefined) return void socket.destroy() // a 408: it was idle for too long
    if (chunk.toString('latin1', 0, 5) === 'HTTP/') end(socket, Number(chunk.toString('latin1', 9, 12)))
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    const at = idle.indexOf(socket)
    if (at >= 0) idle.splice(at, 1)
    if (socket.dueAt !== undefined) end(socket, 0)
  })
  return socket
}

function end(socket, status) {
  results.push({ at: socket.dueAt - from, status, ms: performance.now() - socket.dueAt })
  inFlight -= 1
  socket.dueAt = undefined
  if (socket.destroyed) return
  idle.push(socket)
  if (mode === 'closed' && performance.now() - from < seconds * 1000) begin(performance.now())
}

if (mode === 'closed') for (let n = 0; n < most; n++) begin(performance.now())
let started = 0
const timer = setInterval(() => {
  const now = performance.now()
  if (mode === 'open') {
    const due = (Math.min(now - from, seconds * 1000) * rate) / 1000
    for (; started < due; started++) begin(from + (started * 1000) / rate)
  }
  const over = now - from - seconds * 1000
  if (over < 0 || (inFlight > 0 && over < 10_000)) return
  clearInterval(timer)
  process.send(results, () => process.exit())
}, 1)
