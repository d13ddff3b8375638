// A slowloris in a process of its own, so that its work delays no honest caller: connections whose headers never end.
import { once } from 'node:events'
import { setTimeout as after } from 'node:timers/promises'
import { watchLateness } from '../lib/lateness.mjs'
import { closedAfter } from './sockets.mjs'

const [port, count] = process.argv.slice(2).map(Number)
process.on('disconnect', () => process.exit())

process.send('ready')
await once(process, 'message')
const stopWatching = watchLateness()
const closed = []
for (let opened = 0; opened < count; opened += 20) {
  for (let i = 0; i < 20; i++) closed.push(closedAfter(port, trickle))
  await after(100)
}
const longestMs = Math.max(...(await Promise.all(closed)))
process.send({ longestMs, lateMs: stopWatching() })
process.disconnect()

/** A byte a second. */
function trickle(socket) {
  socket.write('GET /things/1 HTTP/1.1\r\nHost: a\r\nX-Slow: ')
  const timer = setInterval(() => socket.write('a'), 1000)
  socket.on('close', () => clearInterval(timer))
}
