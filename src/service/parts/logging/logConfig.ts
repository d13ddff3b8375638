import type { Rule } from '../../../config/rule.ts'
import { either, group, number, oneOf, path, text, integer } from '../../../config/rules.ts'
import { setting, type Settings } from '../../../config/setting.ts'
import type { LogFile } from '../../../log/file.ts'
import type { LogStream } from '../../../log/output.ts'
import { logFormats, logLevels, type LogFormat, type LogLevel } from '../../../log/logger.ts'

/** Configuration of the log. */
export interface LogConfig {
  /** The least important line that is logged (`LOG_LEVEL`). Default `info`. */
  readonly logLevel: LogLevel
  /** How lines look (`LOG_FORMAT`): `json`, `ecs`, `pretty`. Default: `pretty` in a terminal, else `json`. */
  readonly logFormat: LogFormat | undefined
  /** A file to log to (`LOG_FILE`), and when to start the next one. Default: standard output. */
  readonly logFile: LogFile | string | undefined
  /** Where lines go without a file (`LOG_STREAM`): `stdout` or `stderr`. Default: `stdout`. */
  readonly logStream: LogStream
  /**
   * Share of requests that are logged, from 0 to 1 (`LOG_REQUESTS`). Those that end in a 5xx are always logged. Default
   * 1.
   */
  readonly logRequests: number
}

/** Options of the log. */
export interface LogOptions {
  /** The least important line that is logged. Default `info`. */
  readonly level?: LogLevel
  /** Default: `pretty` in a terminal, else `json`. `ecs`: JSON under the names of the Elastic Common Schema. */
  readonly format?: LogFormat
  /** A file to log to, and when to start the next one. Default: standard output. */
  readonly file?: LogFile | string
  /** Share of requests that are logged, from 0 to 1. Those that end in a 5xx are always logged. Default 1. */
  readonly requests?: number
}

const file: Rule = either(
  path,
  group<LogFile>({
    path,
    frequency: either(oneOf(['daily', 'hourly']), integer({ min: 1, unit: 'ms' })),
    size: text('a size like 10m', /^\d+[bkmg]?$/i),
    keep: integer(),
  }),
)
const share = number({ min: 0, max: 1 })

/** The rules of `log`. */
export const logOptions: Rule = group<LogOptions>({
  level: oneOf(logLevels),
  format: oneOf(logFormats),
  file: { ...file, expected: 'the path of a file, or { path, frequency, size, keep }' },
  requests: share,
})

/** Where the values come from; file and environment override the service's `log` option. */
export const logSettings: Settings<LogConfig> = {
  logLevel: setting<LogLevel>(oneOf(logLevels), {
    variable: 'LOG_LEVEL',
    meaning: 'The least important line that is logged.',
    value: 'info',
    own: ({ log }: { log?: LogOptions }) => log?.level,
  }),
  logFormat: setting<LogFormat | undefined>(oneOf(logFormats), {
    variable: 'LOG_FORMAT',
    meaning: 'How log lines look.',
    value: undefined,
    fallback: '`pretty` in a terminal, else `json`',
    own: ({ log }: { log?: LogOptions }) => log?.format,
  }),
  logFile: setting<LogFile | string | undefined>(file, {
    variable: 'LOG_FILE',
    meaning: 'The file to log to.',
    value: undefined,
    fallback: 'standard output',
    own: ({ log }: { log?: LogOptions }) => log?.file,
  }),
  logStream: setting<LogStream>(oneOf(['stdout', 'stderr']), {
    variable: 'LOG_STREAM',
    meaning:
      'Where the log goes without a file. `tricube run` sets `stderr`, so that the output of a script has no log lines.',
    value: 'stdout',
  }),
  logRequests: setting(share, {
    variable: 'LOG_REQUESTS',
    meaning: 'Share of the requests that are logged. Requests that end in a 5xx are always logged.',
    value: 1,
    own: ({ log }: { log?: LogOptions }) => log?.requests,
  }),
}
