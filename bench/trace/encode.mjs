/**
 * What a batch of 512 spans costs to encode, and what it would cost only to hand it to a worker thread.
 *
 *   npm ci && npm --prefix bench/trace install && npm --prefix bench/trace run encode
 */
import { MessageChannel } from 'node:worker_threads'
import { internals } from '../internals.mjs'

const { otlpJsonEncoding, otlpProtobufEncoding, zipkinEncoding, requestTemplate, always, statementSpans, Tracer } =
  await internals(
    'trace/export/otlpJson.ts',
    'trace/export/otlpProtobuf.ts',
    'trace/export/zipkin.ts',
    'trace/requestSpan.ts',
    'trace/sampler.ts',
    'trace/statementSpans.ts',
    'trace/tracer.ts',
  )

const batchSize = 512
const spans = []
const tracer = new Tracer({ sampler: always, sink: { add: (span) => spans.push(span) } })
const template = requestTemplate('getUser', 'GET', '/users/:id')
const statements = statementSpans('users')
const text = { text: 'SELECT id, name, age FROM users WHERE id = $1', verb: 'SELECT' }
while (spans.length < batchSize) {
  const span = tracer.root(template, performance.now())
  statements.statement(text, performance.now(), 1, undefined, { span })
  span.value0 = `/users/${spans.length}`
  span.value1 = 200
  span.end()
}

const resource = { service: 'user-service', address: '127.0.0.1', port: 8030 }
const encodings = {
  'Zipkin JSON': zipkinEncoding(resource),
  'OTLP protobuf': otlpProtobufEncoding(resource),
  'OTLP JSON': otlpJsonEncoding(resource),
}
const plain = spans.map(({ trace, id0, id1, parent0, parent1, startedAt, endedAt, value0, value1 }) => {
  const { id0: trace0, id1: trace1, id2: trace2, id3: trace3 } = trace
  return { trace0, trace1, trace2, trace3, id0, id1, parent0, parent1, startedAt, endedAt, value0, value1, template: 1 }
})
const { port1, port2 } = new MessageChannel()
port2.on('message', () => {})

const results = {}
for (const [name, encoding] of Object.entries(encodings)) {
  results[name] = {
    'ns a span': measure(() => encoding.encode(spans, performance.timeOrigin)),
    'bytes a span': Math.round(encoding.encode(spans, performance.timeOrigin).length / batchSize),
  }
}
results['only posting to a worker'] = { 'ns a span': measure(() => port1.postMessage(plain)) }
console.log(`node ${process.version}, batches of ${batchSize}`)
console.table(results)
port1.close()

function measure(run) {
  for (let i = 0; i < 200; i++) run()
  const all = []
  for (let round = 0; round < 20; round++) {
    const before = process.cpuUsage()
    for (let i = 0; i < 50; i++) run()
    const { user, system } = process.cpuUsage(before)
    all.push(((user + system) * 1000) / 50 / batchSize)
  }
  return Math.round(Math.min(...all))
}
