/** Asks a service over sockets: at each message `{ port, requests }` so many requests, over persistent connections. */
import { connect } from 'node:net'

const connections = 16
const sockets = []
let left = 0
let underWay = 0

process.once('disconnect', () => process.exit())
process.on('message', ({ port, requests }) => {
  left = requests - connections
  underWay = connections
  for (let i = 0; i < connections; i++) ask((sockets[i] ??= open(port)))
})

function open(port) {
  return connect(port, '127.0.0.1')
    .setNoDelay(true)
    .on('data', function received() {
      if (left-- > 0) ask(this)
      else if (--underWay === 0) process.send(0)
    })
}

function ask(socket) {
  socket.write(`GET /users/${1 + (Math.abs(left) % 1000)} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
}
