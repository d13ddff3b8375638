import { listOf, number, oneOf, pairs, text, url } from '../../../config/rules.ts'
import { setting, type Settings } from '../../../config/setting.ts'
import { propagatorNames, type PropagatorName } from '../../../trace/propagation/propagators.ts'
import { samplerNames, type SamplerName } from '../../../trace/sampler.ts'

/** Exporters of spans. */
const exporterNames = ['zipkin', 'otlp', 'console', 'none'] as const
const protocols = ['http/protobuf', 'http/json'] as const
type Pairs = Readonly<Record<string, string>>

/** Configuration of tracing. The variables have OpenTelemetry's names. */
export interface TraceConfig {
  /** The service's name in traces (`OTEL_SERVICE_NAME`). Default: the contract's. */
  readonly traceServiceName: string | undefined
  /** More attributes of the service (`OTEL_RESOURCE_ATTRIBUTES`: `key=value,…`). */
  readonly traceResource: Pairs
  /** Where spans go (`OTEL_TRACES_EXPORTER`). Default: to the endpoint that is set, else nowhere. */
  readonly traceExporter: (typeof exporterNames)[number] | undefined
  /** Zipkin's URL with its path (`OTEL_EXPORTER_ZIPKIN_ENDPOINT`: `http://zipkin:9411/api/v2/spans`). */
  readonly zipkinEndpoint: string | undefined
  /** An OpenTelemetry collector (`OTEL_EXPORTER_OTLP_ENDPOINT`: `http://collector:4318`). */
  readonly otlpEndpoint: string | undefined
  /** Its protocol (`OTEL_EXPORTER_OTLP_PROTOCOL`). Default `http/protobuf`. */
  readonly otlpProtocol: (typeof protocols)[number]
  /** Headers for it (`OTEL_EXPORTER_OTLP_HEADERS`: `key=value,…`). */
  readonly otlpHeaders: Pairs
  /** `gzip` or `none` (`OTEL_EXPORTER_OTLP_COMPRESSION`). Default `none`. */
  readonly otlpCompression: 'gzip' | 'none'
  /** Which traces are recorded (`OTEL_TRACES_SAMPLER`). Default `parentbased_always_on`. */
  readonly traceSampler: SamplerName
  /** The sampler's share, from 0 to 1, or its traces a second (`OTEL_TRACES_SAMPLER_ARG`). */
  readonly traceSamplerArg: number | undefined
  /**
   * In which headers a trace travels (`OTEL_PROPAGATORS`). Undefined: writes `tracecontext,baggage`, and reads B3 too.
   */
  readonly tracePropagators: readonly PropagatorName[] | undefined
  /** Milliseconds that spans wait for a batch to fill (`OTEL_BSP_SCHEDULE_DELAY`). Default 5000. */
  readonly traceDelayMs: number
}

/**
 * The settings behind these values. https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export const traceSettings: Settings<TraceConfig> = {
  traceServiceName: setting<string | undefined>(text('a name'), {
    variable: 'OTEL_SERVICE_NAME',
    meaning: "The service's name in traces.",
    value: undefined,
    fallback: "the contract's",
  }),
  traceResource: setting<Pairs>(pairs, {
    variable: 'OTEL_RESOURCE_ATTRIBUTES',
    meaning: 'Attributes of the service in traces.',
    value: {},
  }),
  traceExporter: setting<TraceConfig['traceExporter']>(oneOf(exporterNames), {
    variable: 'OTEL_TRACES_EXPORTER',
    meaning: 'Where spans go.',
    value: undefined,
    fallback: 'to the endpoint that is set, else nowhere',
  }),
  zipkinEndpoint: setting<string | undefined>(url('http://zipkin:9411/api/v2/spans'), {
    variable: 'OTEL_EXPORTER_ZIPKIN_ENDPOINT',
    meaning: "Zipkin's URL for spans.",
    value: undefined,
  }),
  otlpEndpoint: setting<string | undefined>(url('http://collector:4318'), {
    variable: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    meaning: 'An OpenTelemetry collector.',
    value: undefined,
  }),
  otlpProtocol: setting<TraceConfig['otlpProtocol']>(oneOf(protocols), {
    variable: 'OTEL_EXPORTER_OTLP_PROTOCOL',
    meaning: 'How spans are encoded for the collector.',
    value: 'http/protobuf',
  }),
  otlpHeaders: setting<Pairs>(pairs, {
    variable: 'OTEL_EXPORTER_OTLP_HEADERS',
    meaning: 'Headers for the collector.',
    value: {},
    secret: true,
  }),
  otlpCompression: setting<'gzip' | 'none'>(oneOf(['gzip', 'none']), {
    variable: 'OTEL_EXPORTER_OTLP_COMPRESSION',
    meaning: 'Whether spans are compressed for the collector.',
    value: 'none',
  }),
  traceSampler: setting<SamplerName>(oneOf(samplerNames), {
    variable: 'OTEL_TRACES_SAMPLER',
    meaning: 'Which traces are recorded.',
    value: 'parentbased_always_on',
  }),
  traceSamplerArg: setting<number | undefined>(number(), {
    variable: 'OTEL_TRACES_SAMPLER_ARG',
    meaning: "The sampler's share, from 0 to 1, or its traces a second.",
    value: undefined,
  }),
  tracePropagators: setting<readonly PropagatorName[] | undefined>(
    listOf(oneOf(propagatorNames), `names from ${propagatorNames.join(', ')}, separated by commas`),
    {
      variable: 'OTEL_PROPAGATORS',
      meaning: 'In which headers a trace travels.',
      value: undefined,
      fallback: '`tracecontext,baggage`; B3 is read too',
    },
  ),
  traceDelayMs: setting<number>(number({ unit: 'ms' }), {
    variable: 'OTEL_BSP_SCHEDULE_DELAY',
    meaning: 'How long spans wait for a batch to fill.',
    value: 5000,
  }),
}
