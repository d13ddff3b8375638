/**
 * OpenTelemetry's SDK as its documentation sets it up for ES modules: `node --import ./otel.mjs <program>`. Spans of
 * requests, of calls and of statements go to Zipkin (OTEL_EXPORTER_ZIPKIN_ENDPOINT), metrics wait for Prometheus.
 */
import { register } from 'node:module'
import FastifyOtel from '@fastify/otel'
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import { ZipkinExporter } from '@opentelemetry/exporter-zipkin'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import { NestInstrumentation } from '@opentelemetry/instrumentation-nestjs-core'
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg'
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici'
import { NodeSDK, tracing } from '@opentelemetry/sdk-node'

register('@opentelemetry/instrumentation/hook.mjs', import.meta.url)
const frameworks = {
  fastify: () => new FastifyOtel({ registerOnInitialization: true }),
  nestjs: () => new NestInstrumentation(),
}
new NodeSDK({
  serviceName: process.env.SERVICE,
  spanProcessors: [new tracing.BatchSpanProcessor(new ZipkinExporter())],
  metricReaders: [new PrometheusExporter({ host: '127.0.0.1', port: 0 })],
  instrumentations: [
    new HttpInstrumentation(),
    new UndiciInstrumentation(),
    new PgInstrumentation(),
    frameworks[process.env.FRAMEWORK](),
  ],
}).start()
