import { propagatorNames, type PropagatorName } from '../trace/propagation/propagator.ts'
import { samplerNames, type SamplerName } from '../trace/sampler.ts'
import { attempt, type Setting } from './setting.ts'

/** Ways out for spans. */
const exporterNames = ['zipkin', 'otlp', 'console', 'none'] as const
const protocols = ['http/protobuf', 'http/json'] as const
type Pairs = Readonly<Record<string, string>>

/** How a service is traced, under the names that OpenTelemetry gives to the variables. */
export interface TraceConfig {
  /** The service's name in traces (`OTEL_SERVICE_NAME`). Default: the contract's. */
  readonly traceServiceName: string | undefined
  /** What else is said of the service (`OTEL_RESOURCE_ATTRIBUTES`: `key=value,…`). */
  readonly traceResource: Pairs
  /** Where spans go (`OTEL_TRACES_EXPORTER`). Default: to the endpoint that is set, else nowhere. */
  readonly traceExporter: (typeof exporterNames)[number] | undefined
  /** Zipkin's whole URL (`OTEL_EXPORTER_ZIPKIN_ENDPOINT`: `http://zipkin:9411/api/v2/spans`). */
  readonly zipkinEndpoint: string | undefined
  /** An OpenTelemetry collector (`OTEL_EXPORTER_OTLP_ENDPOINT`: `http://collector:4318`). */
  readonly otlpEndpoint: string | undefined
  /** How it is spoken to (`OTEL_EXPORTER_OTLP_PROTOCOL`). Default `http/protobuf`. */
  readonly otlpProtocol: (typeof protocols)[number]
  /** Sent along to it (`OTEL_EXPORTER_OTLP_HEADERS`: `key=value,…`). */
  readonly otlpHeaders: Pairs
  /** `gzip` or `none` (`OTEL_EXPORTER_OTLP_COMPRESSION`). Default `none`. */
  readonly otlpCompression: 'gzip' | 'none'
  /** Which traces are recorded (`OTEL_TRACES_SAMPLER`). Default `parentbased_always_on`. */
  readonly traceSampler: SamplerName
  /** The sampler's share, from 0 to 1, or its traces a second (`OTEL_TRACES_SAMPLER_ARG`). */
  readonly traceSamplerArg: number | undefined
  /** In which headers a trace travels (`OTEL_PROPAGATORS`). Default `tracecontext,baggage,b3multi`. */
  readonly tracePropagators: readonly PropagatorName[]
  /** Milliseconds that spans wait for a batch to fill (`OTEL_BSP_SCHEDULE_DELAY`). Default 5000. */
  readonly traceDelayMs: number
}

/** Where nobody says otherwise. */
export const traceDefaults: TraceConfig = {
  traceServiceName: undefined,
  traceResource: {},
  traceExporter: undefined,
  zipkinEndpoint: undefined,
  otlpEndpoint: undefined,
  otlpProtocol: 'http/protobuf',
  otlpHeaders: {},
  otlpCompression: 'none',
  traceSampler: 'parentbased_always_on',
  traceSamplerArg: undefined,
  tracePropagators: ['tracecontext', 'baggage', 'b3multi'],
  traceDelayMs: 5000,
}

/** Where they come from. https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ */
export const traceSettings: { readonly [Name in keyof TraceConfig]: Setting } = {
  traceServiceName: {
    variable: 'OTEL_SERVICE_NAME',
    expected: 'a name',
    parse: (text) => text,
    accepts: (value) => typeof value === 'string' && value !== '',
  },
  traceResource: pairs('OTEL_RESOURCE_ATTRIBUTES'),
  traceExporter: oneOf('OTEL_TRACES_EXPORTER', exporterNames),
  zipkinEndpoint: url('OTEL_EXPORTER_ZIPKIN_ENDPOINT', 'http://zipkin:9411/api/v2/spans'),
  otlpEndpoint: url('OTEL_EXPORTER_OTLP_ENDPOINT', 'http://collector:4318'),
  otlpProtocol: oneOf('OTEL_EXPORTER_OTLP_PROTOCOL', protocols),
  otlpHeaders: { ...pairs('OTEL_EXPORTER_OTLP_HEADERS'), secret: true },
  otlpCompression: oneOf('OTEL_EXPORTER_OTLP_COMPRESSION', ['gzip', 'none']),
  traceSampler: oneOf('OTEL_TRACES_SAMPLER', samplerNames),
  traceSamplerArg: number('OTEL_TRACES_SAMPLER_ARG'),
  tracePropagators: {
    variable: 'OTEL_PROPAGATORS',
    expected: `of ${propagatorNames.join(', ')}, separated by commas`,
    parse: (text) => text.split(',').map((name) => name.trim()),
    accepts: (value) => Array.isArray(value) && value.every((name) => propagatorNames.includes(name as PropagatorName)),
  },
  traceDelayMs: number('OTEL_BSP_SCHEDULE_DELAY'),
}

function oneOf(variable: string, names: readonly string[]): Setting {
  return {
    variable,
    expected: `one of ${names.join(', ')}`,
    parse: (text) => text,
    accepts: (value) => names.includes(value as string),
  }
}

function number(variable: string): Setting {
  return {
    variable,
    expected: 'a number from 0',
    parse: (text) => (/^\d+(?:\.\d+)?$/.test(text) ? Number(text) : text),
    accepts: (value) => typeof value === 'number' && value >= 0,
  }
}

function url(variable: string, example: string): Setting {
  return {
    variable,
    expected: `a URL like ${example}`,
    parse: (text) => text,
    accepts: (value) => typeof value === 'string' && /^https?:$/.test(attempt(() => new URL(value))?.protocol ?? ''),
  }
}

function pairs(variable: string): Setting {
  return {
    variable,
    expected: 'key=value, separated by commas',
    parse: (text) => attempt(() => parsePairs(text)) ?? text,
    accepts: (value) => typeof value === 'object' && value !== null && Object.values(value).every(isText),
  }
}

function isText(value: unknown): boolean {
  return typeof value === 'string'
}

/** As in the baggage header: values are percent-encoded. */
function parsePairs(text: string): Pairs {
  const entries = text
    .split(',')
    .filter((pair) => pair.trim() !== '')
    .map((pair): [string, string] => {
      const equals = pair.indexOf('=')
      if (equals < 1) throw new TypeError('a pair has a key and a value')
      return [pair.slice(0, equals).trim(), decodeURIComponent(pair.slice(equals + 1).trim())]
    })
  return Object.fromEntries(entries)
}
