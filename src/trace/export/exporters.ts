import type { SpanExporter, Resource } from './exporter.ts'
import { otlpJsonEncoding } from './otlpJson.ts'
import { otlpProtobufEncoding } from './otlpProtobuf.ts'
import { postExporter, type PostOptions } from './post.ts'
import { zipkinEncoding } from './zipkin.ts'

/**
 * Returns an exporter that sends spans to Zipkin, or any collector with its v2 API.
 *
 * @example zipkinExporter({ service: 'user-service' }, { url: 'http://zipkin:9411/api/v2/spans' })
 */
export function zipkinExporter(resource: Resource, options: PostOptions): SpanExporter {
  return postExporter(zipkinEncoding(resource), options)
}

/**
 * Returns an exporter that sends spans to an OpenTelemetry collector over HTTP.
 *
 * @example otlpExporter({ service: 'user-service' }, { url: 'http://collector:4318/v1/traces' })
 */
export function otlpExporter(
  resource: Resource,
  { json = false, ...options }: PostOptions & { readonly json?: boolean },
): SpanExporter {
  return postExporter(json ? otlpJsonEncoding(resource) : otlpProtobufEncoding(resource), options)
}
