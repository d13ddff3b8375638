/**
 * A server of Node under load without the kernel: requests come from streams of its own process. What remains is what
 * the framework and Node do in JavaScript, and that can be measured in slices of a few milliseconds, most of which no
 * other program disturbs.
 *
 *   node server.mjs <module of the server> <method> <path>
 *
 * At each message `{ ms, headers }` it works for so long and reports the CPU microseconds of a request in each slice.
 * `headers` is text that each request adds. A slice with a rejection, as of a server that protects itself on a busy machine,
 * is none.
 */
import { Server } from 'node:http'
import { pathToFileURL } from 'node:url'
import { connectInProcess } from './inProcess.mjs'

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

let sent = 0
let added = ''
const { ask } = connectInProcess(server, {
  connections,
  request() {
    sent = (sent % 980) + 1
    return `${method} ${path.replace('%d', sent)} HTTP/1.1\r\nhost: localhost\r\n${added}\r\n`
  },
})
await ask(warmUpRequests)
process.send('ready')
process.on('disconnect', () => process.exit())
process.on('message', async ({ ms, headers = '' }) => {
  added = headers
  const slices = []
  const end = performance.now() + ms
  while (performance.now() < end) {
    const before = process.cpuUsage()
    const failed = await ask(requestsPerSlice)
    const { user, system } = process.cpuUsage(before)
    if (failed === 0) slices.push((user + system) / requestsPerSlice)
  }
  process.send(slices)
})
