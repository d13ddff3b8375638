/** A collector that takes everything and forgets it; it counts the spans. */
import { createServer } from 'node:http'

let spans = 0
const idKey = Buffer.from('"traceId"')
const server = createServer(async (request, response) => {
  const body = Buffer.concat(await request.toArray())
  for (let at = body.indexOf(idKey); at >= 0; at = body.indexOf(idKey, at + 1)) spans++
  response.writeHead(202).end()
}).listen(0, '127.0.0.1', () => process.send({ url: `http://127.0.0.1:${server.address().port}/api/v2/spans` }))
process.on('message', () => {
  process.send({ spans })
  spans = 0
})
process.once('disconnect', () => process.exit())
