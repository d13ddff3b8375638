/** A collector that takes everything and forgets it; it counts the spans of each sender, who is named in the query. */
import { createServer } from 'node:http'

const spans = {}
const idKey = Buffer.from('"traceId"')
const server = createServer(async (request, response) => {
  const body = Buffer.concat(await request.toArray())
  const sender = new URL(request.url, 'http://collector').searchParams.get('by')
  spans[sender] ??= 0
  for (let at = body.indexOf(idKey); at >= 0; at = body.indexOf(idKey, at + 1)) spans[sender]++
  response.writeHead(202).end()
}).listen(0, '127.0.0.1', () => process.send({ url: `http://127.0.0.1:${server.address().port}/api/v2/spans` }))
process.on('message', () => process.send(spans))
process.once('disconnect', () => process.exit())
