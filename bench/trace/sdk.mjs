/**
 * The two spans by OpenTelemetry's SDK: its batch processor and its Zipkin exporter with their defaults, the attributes
 * that tricube's spans have, W3C propagation.
 *
 * They are started and ended by hand: no instrumentation that patches modules, no context manager. It costs as little as
 * the SDK can.
 */
import { propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { ZipkinExporter } from '@opentelemetry/exporter-zipkin'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'

export function sdkSpans(gate, url) {
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'user-service' }),
    spanProcessors: [new BatchSpanProcessor(gate(new ZipkinExporter({ url })))],
  })
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  const tracer = provider.getTracer('bench')
  const contextKey = Symbol('context')

  return {
    traceRequests(fastify) {
      fastify.addHook('onRequest', (request, reply, done) => {
        const parent = propagation.extract(ROOT_CONTEXT, request.headers)
        const attributes = {
          'http.request.method': 'GET',
          'http.route': '/users/:id',
          'url.scheme': 'http',
          'url.path': request.url,
        }
        const span = tracer.startSpan('getUser', { kind: SpanKind.SERVER, attributes }, parent)
        request[contextKey] = trace.setSpan(parent, span)
        reply.raw.once('close', () => {
          span.setAttribute('http.response.status_code', reply.statusCode)
          span.end()
        })
        done()
      })
    },

    async statement(request, run) {
      const attributes = {
        'db.system.name': 'postgresql',
        'db.namespace': 'postgres',
        'db.operation.name': 'SELECT',
        'db.collection.name': 'bench_users',
        'db.query.summary': 'SELECT bench_users',
        'db.query.text': 'SELECT id, name, age FROM bench_users WHERE id = $1',
      }
      const span = tracer.startSpan('SELECT bench_users', { kind: SpanKind.CLIENT, attributes }, request[contextKey])
      try {
        const row = await run()
        span.setAttribute('db.response.returned_rows', 1)
        return row
      } catch (error) {
        span.setStatus({ code: SpanStatusCode.ERROR })
        throw error
      } finally {
        span.end()
      }
    },
  }
}
