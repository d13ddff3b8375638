import type { LogFile } from '../log/file.ts'
import { logFormats, type LogFormat, type LogLevel } from '../log/logger.ts'
import type { Setting } from './setting.ts'

/** What a service says of itself beside its traces: lines of log, and metrics. */
export interface LogConfig {
  /** How lines look (`LOG_FORMAT`): `json`, `ecs`, `pretty`. Default: `pretty` in a terminal, else `json`. */
  readonly logFormat: LogFormat | undefined
  /** A file to log to (`LOG_FILE`), and when the next one is begun. Default: standard output. */
  readonly logFile: LogFile | string | undefined
  /** Share of the requests that are logged, from 0 to 1 (`LOG_REQUESTS`); those that end in a 5xx always are. Default 1. */
  readonly logRequests: number
  /** `none` answers no `/metrics` and measures nothing (`OTEL_METRICS_EXPORTER`). Default `prometheus`. */
  readonly metricsExporter: 'prometheus' | 'none'
}

/** How a service logs. */
export interface LogOptions {
  /** The least important line that is logged. Default `info`. */
  readonly level?: LogLevel
  /** Default: `pretty` in a terminal, else `json`. `ecs`: JSON under the names of the Elastic Common Schema. */
  readonly format?: LogFormat
  /** A file to log to, and when the next one is begun. Default: standard output. */
  readonly file?: LogFile | string
  /** Share of the requests that are logged, from 0 to 1; those that end in a 5xx always are. Default 1. */
  readonly requests?: number
}

/** What a service says of its log, as a configuration. */
export function logConfigOf({
  level,
  format,
  file,
  requests,
}: LogOptions): Partial<LogConfig & { logLevel: LogLevel }> {
  return {
    ...(level !== undefined && { logLevel: level }),
    ...(format !== undefined && { logFormat: format }),
    ...(file !== undefined && { logFile: file }),
    ...(requests !== undefined && { logRequests: requests }),
  }
}

/** Where nobody says otherwise. */
export const logDefaults: LogConfig = {
  logFormat: undefined,
  logFile: undefined,
  logRequests: 1,
  metricsExporter: 'prometheus',
}

/** Where they come from. */
export const logSettings: { readonly [Name in keyof LogConfig]: Setting } = {
  logFormat: oneOf('LOG_FORMAT', logFormats),
  logFile: {
    variable: 'LOG_FILE',
    expected: 'the path of a file',
    parse: (text) => text,
    accepts: (value) => isPath(typeof value === 'object' && value !== null ? (value as LogFile).path : value),
  },
  logRequests: {
    variable: 'LOG_REQUESTS',
    expected: 'a number from 0 to 1',
    parse: (text) => (/^[\d.]+$/.test(text) ? Number(text) : text),
    accepts: (value) => typeof value === 'number' && value >= 0 && value <= 1,
  },
  metricsExporter: oneOf('OTEL_METRICS_EXPORTER', ['prometheus', 'none']),
}

function oneOf(variable: string, names: readonly string[]): Setting {
  return {
    variable,
    expected: `one of ${names.join(', ')}`,
    parse: (text) => text.toLowerCase(),
    accepts: (value) => names.includes(value as string),
  }
}

function isPath(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}
