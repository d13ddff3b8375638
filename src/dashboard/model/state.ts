import type { LogLine } from './logLine.ts'
import type { TraceSummary } from './span.ts'

/** What a service does at the moment. */
export type ServiceStatus = 'starting' | 'ready' | 'unhealthy' | 'stopped' | 'failed' | 'remote'

/** Paths of PEM files. */
export type CertificatePaths = Readonly<Partial<Record<'cert' | 'key' | 'ca', string>>>

/** A service in the overview. */
export interface ServiceState {
  readonly name: string
  readonly status: ServiceStatus
  /** Why it is unhealthy, or how it ended. */
  readonly reason?: string
  /** The URL that it listens on. */
  readonly url?: string
  /** The PEM files of its certificates, if it speaks TLS. */
  readonly certificates?: CertificatePaths
  /** The version of its contract. */
  readonly version?: string
  /** Since when it has its status, in milliseconds since 1970. */
  readonly sinceMs?: number
  readonly pid?: number
  /** Of a service that has failed: the end of its output. */
  readonly lastLines?: readonly string[]
  /** Why its database is not up to date. */
  readonly problem?: string
  /** Whether it can be started and stopped here. */
  readonly isManaged: boolean
}

/** What a service has served, in slots of `slotMs`. The last slot is not over yet. */
export interface ServiceRates {
  readonly slotMs: number
  readonly requests: readonly number[]
  readonly errors: readonly number[]
  /** Milliseconds; null in a slot without a request. */
  readonly p50: readonly (number | null)[]
  readonly p99: readonly (number | null)[]
  /** Over the last ten seconds. */
  readonly perSecond: number
  /** Over all slots. */
  readonly errorShare: number
  readonly p50Ms: number | null
  readonly p99Ms: number | null
}

/** A service with its rates. */
export interface ServiceRow extends ServiceState {
  readonly rates: ServiceRates
}

/** Everything that a page needs once. */
export interface DashboardState {
  readonly project: string
  readonly version: string
  /** The endpoint for other programs, with its key: `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly otlpPath: string
  /** Whether it runs without `tricube dev`; `otlpUrl` is then where programs send to. */
  readonly alone?: { readonly otlpUrl?: string }
  /** Why there are no traces; undefined when they are collected. */
  readonly tracesOff?: string
  readonly services: readonly ServiceRow[]
  readonly messages: readonly DevMessage[]
}

/** A line that `tricube dev` printed about itself. */
export interface DevMessage {
  readonly atMs: number
  readonly level: 'info' | 'warn'
  readonly text: string
}

/** A setting in force: its value is masked if it is secret. */
export interface SettingRow {
  readonly variable: string
  readonly value: string
  /** `default`, or where the value is from. */
  readonly source: string
}

/** What changed since the last batch of the live stream. */
export interface StreamBatch {
  readonly services?: readonly ServiceRow[]
  /** All of the latest, when there is a new one. */
  readonly messages?: readonly DevMessage[]
  readonly traces?: readonly TraceSummary[]
  readonly logs?: readonly LogLine[]
  /** Matching lines that did not fit in the batch. */
  readonly skippedLogs?: number
}
