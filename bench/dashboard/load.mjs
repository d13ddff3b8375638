/** Log records and spans, as OTLP in JSON. */
const services = ['user-service', 'order-service', 'stock-service', 'mail-service']
const operations = ['getUser', 'placeOrder', 'reserve', 'send']

/** A body for `POST /v1/logs` with so many records from the `first` on. */
export function logsBody(first, count, atMs) {
  return JSON.stringify({
    resourceLogs: byService(count, (at, mine) => ({
      resource: resourceOf(at),
      scopeLogs: [{ logRecords: mine.map((n) => recordOf(first + n, at, atMs)) }],
    })),
  })
}

/** A body for `POST /v1/traces` with so many traces: each is a request, two statements, a call and what the callee does. */
export function tracesBody(first, count, atMs) {
  const all = Array.from({ length: count }, (_, n) => spansOf(first + n, atMs))
  return JSON.stringify({
    resourceSpans: [
      { resource: resourceOf(1), scopeSpans: [{ spans: all.flatMap(({ caller }) => caller) }] },
      { resource: resourceOf(2), scopeSpans: [{ spans: all.map(({ callee }) => callee) }] },
    ],
  })
}

function byService(count, make) {
  return services.map((_, at) =>
    make(
      at,
      Array.from({ length: count }, (_, n) => n).filter((n) => n % services.length === at),
    ),
  )
}

function resourceOf(at) {
  return { attributes: attributes({ 'service.name': services[at] }) }
}

function recordOf(i, at, atMs) {
  const isError = i % 50 === 0
  return {
    timeUnixNano: String(atMs * 1e6),
    severityNumber: isError ? 17 : i % 20 === 0 ? 13 : 9,
    body: { stringValue: isError ? 'the payment was declined' : 'request' },
    traceId: traceIdOf(i),
    spanId: hex(i, 16),
    attributes: attributes({
      ...{
        operation: operations[at],
        method: 'GET',
        path: `/${operations[at]}/${i}`,
        status: '200',
        request_id: `r-${i}`,
      },
      ...(isError && { stack: `Error: declined\n    at pay (pay.ts:${i % 90}:7)\n    at charge (charge.ts:12:3)` }),
    }),
  }
}

function spansOf(i, atMs) {
  const id = (n) => hex(i * 8 + n, 16)
  const ms = 5 + (i % 200)
  const span = (n, parent, name, kind, tags, lastsMs = ms) => ({
    ...{ traceId: traceIdOf(i), spanId: id(n), name, kind, attributes: attributes(tags) },
    ...(parent && { parentSpanId: id(parent) }),
    ...{ startTimeUnixNano: String(atMs * 1e6), endTimeUnixNano: String((atMs + lastsMs) * 1e6) },
  })
  const statement = (n, text) =>
    span(n, 1, 'SELECT orders', 3, {
      ...{ 'db.system.name': 'postgresql', 'db.namespace': 'order_service', 'db.query.text': text },
      ...{ 'db.collection.name': 'orders', 'db.response.returned_rows': '3' },
    })
  return {
    caller: [
      span(1, undefined, operations[i % operations.length], 2, {
        ...{ 'http.request.method': 'GET', 'url.path': `/orders/${i}`, 'http.route': '/orders/:id' },
        ...{ 'http.response.status_code': i % 100 === 0 ? '500' : '200' },
        ...(i % 100 === 0 && { 'error.type': '500' }),
      }),
      statement(2, 'SELECT id, total, created_at FROM orders WHERE user_id = $1 ORDER BY created_at DESC LIMIT ?'),
      statement(3, `SELECT count(*) FROM orders WHERE status = $1 AND kind_${i % 40} = $2`),
      span(4, 1, 'stock-service.reserve', 3, { 'peer.service': 'stock-service', 'rpc.method': 'reserve' }),
    ],
    callee: span(5, 4, 'reserve', 2, { 'http.response.status_code': '200' }, ms / 2),
  }
}

function attributes(values) {
  return Object.entries(values).map(([key, stringValue]) => ({ key, value: { stringValue } }))
}

function traceIdOf(i) {
  return hex(i, 31).padStart(32, 'a')
}

/** Never 0, which is no id. */
function hex(i, digits) {
  return (i + 1).toString(16).padStart(digits, '0')
}
