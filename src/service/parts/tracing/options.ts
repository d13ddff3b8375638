import type { KeepOptions } from '../../../trace/tracer.ts'
import type { Sampler } from '../../../trace/ownSampler.ts'
import type { Exporter } from '../../../trace/export/recordedSpan.ts'
import { flag, group, number, oneOf, record, withMethods } from '../../../config/rules.ts'
import type { Rule } from '../../../config/rule.ts'

/** Options of tracing. The configuration says where spans go and how many traces are sampled. */
export interface TraceOptions {
  /** Which unsampled traces are recorded all the same, as far as this process sees them. Default: none. */
  readonly keep?: KeepOptions
  /** Replaces the one of the configuration. */
  readonly sampler?: Sampler
  /** Replaces the one of the configuration. */
  readonly exporter?: Exporter
  /** `opentelemetry`: spans go to the SDK that the application has registered, which does the rest. */
  readonly tracer?: 'tricube' | 'opentelemetry'
  /**
   * Whether tricube is OpenTelemetry's global tracer provider, so that the spans of other libraries join its traces.
   * Default: when `@opentelemetry/api` is installed.
   */
  readonly opentelemetry?: boolean
  /** Headers for the collector, for example `authorization`. */
  readonly headers?: Readonly<Record<string, string>>
}

/** The options that tracing reads. */
export interface TracingOptions {
  /** How requests are traced. */
  readonly trace?: TraceOptions
  readonly edge?: boolean
}

/** The rule of `trace`. */
export const traceRule: Rule = group<TraceOptions>({
  keep: group<KeepOptions>({ errors: flag, slowerThanMs: number({ unit: 'ms' }) }),
  sampler: withMethods('a sampler', ['isSampled']),
  exporter: withMethods('an exporter', ['export', 'close']),
  tracer: oneOf(['tricube', 'opentelemetry']),
  opentelemetry: flag,
  headers: record('an object of header values'),
})
