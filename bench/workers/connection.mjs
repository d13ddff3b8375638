import { connect } from 'node:net'

/** A connection on which requests are sent one after the other: a response is `{ status, body, ends }`. */
export function open(port) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const waiting = []
  let text = ''
  socket.on('error', () => {})
  socket.on('close', () => waiting.splice(0).forEach(({ reject }) => reject(new Error('the connection was closed'))))
  socket.on('data', (chunk) => {
    text += chunk
    for (;;) {
      const end = text.indexOf('\r\n\r\n') + 4
      if (end < 4) return
      const head = text.slice(0, end)
      const length = Number(/content-length: (\d+)/i.exec(head)[1])
      if (text.length < end + length) return
      const body = text.slice(end, end + length)
      text = text.slice(end + length)
      waiting.shift().resolve({ status: Number(head.slice(9, 12)), body, ends: /^connection: close/im.test(head) })
    }
  })
  return {
    ask: (path, method = 'GET') =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject })
        socket.write(`${method} ${path} HTTP/1.1\r\nhost: x\r\n${method === 'GET' ? '' : 'content-length: 0\r\n'}\r\n`)
      }),
    close: () => socket.destroy(),
  }
}
