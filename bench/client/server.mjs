// The callee: answers GET /users/:id as a tricube service does, as fast as Node can.
import { once } from 'node:events'
import { createServer } from 'node:http'

const body = JSON.stringify({ code: 0, data: { id: 7, name: 'Li Lei', age: 32, city: { id: 2, name: 'Shanghai' } } })
const head = { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body) }
const listening = Array.from({ length: 2 }, async () => {
  const server = createServer((_request, response) => response.writeHead(200, head).end(body))
  server.keepAliveTimeout = 72_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server.address().port
})
process.send(await Promise.all(listening))
process.on('disconnect', () => process.exit())
