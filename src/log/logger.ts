import { destination, pino, stdTimeFunctions, type Logger } from 'pino'

export type { Logger } from 'pino'

/** The levels of a log, the most talkative first. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** A level of the log. */
export type LogLevel = (typeof logLevels)[number]

/** A service's log: pino, one JSON object a line on standard output. */
export function createLogger(name: string, level: LogLevel): Logger {
  return pino(
    {
      level,
      base: { service: name },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretPaths, censor: '[redacted]' },
    },
    destination({ fd: 1, sync: true }),
  )
}

/** Fields that never reach a log, at the top and one level down. */
const secretPaths: string[] = ['authorization', 'cookie', 'password', 'secret', 'token', '["set-cookie"]'].flatMap(
  (name) => [name, name.startsWith('[') ? `*${name}` : `*.${name}`],
)
