/**
 * What the headers of tricube's own calls cost the service that is called, in microseconds of CPU a request.
 *
 *   npm run build && npm --prefix bench/http ci --omit=dev && node bench/http/quick/headers.mjs
 *
 * One server without logs, metrics and traces gets requests of each kind in turns. Exits 1 when all headers of a call
 * together cost more than 4 µs more than as many that nobody reads.
 */
import { once } from 'node:events'
import { startBench } from '../bench.mjs'
import { peers } from '../peers.mjs'
import { works } from '../works.mjs'
import { cheapest, rounds, startServer, turnMs } from './turns.mjs'

const boundUs = 4
const traceparent = 'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03\r\n'
const call = {
  accept: 'accept: application/json\r\n',
  timeout: 'x-request-timeout-ms: 4711\r\n',
  attempt: 'x-request-attempt: 0\r\n',
  id: 'x-request-id: 0197a7c2-7c1a-7b3e-9d60-3f1c2a9b8e75\r\n',
  traceparent,
}
const all = Object.values(call).join('')
const unread = all.replaceAll(/^[\w-]+/gm, (name) => name.replace(/.$/, '_'))
const kinds = { none: '', unread, ...call, all }

const bench = await startBench(process.execPath)
const slices = Object.fromEntries(Object.keys(kinds).map((name) => [name, []]))
try {
  const server = startServer(
    bench,
    peers.find(({ name }) => name === 'tricube-bare'),
    works.hello,
  )
  await once(server, 'message')
  for (let round = 0; round < rounds; round++) {
    for (const [name, headers] of Object.entries(kinds)) {
      server.send({ ms: turnMs, headers })
      slices[name].push(...(await once(server, 'message'))[0])
    }
  }
  server.disconnect()
} finally {
  await bench.stop()
}
const us = Object.fromEntries(Object.entries(slices).map(([name, found]) => [name, cheapest(found)]))
for (const [name, cost] of Object.entries(us)) console.log(`${name.padEnd(12)} ${cost.toFixed(2)} µs`)
const added = us.all - us.unread
console.log(
  `${added <= boundUs ? 'ok' : 'FAILED'}: ${added.toFixed(2)} µs, ${boundUs} allowed; node ${process.version}`,
)
process.exitCode = added <= boundUs ? 0 : 1
