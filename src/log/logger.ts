import { pino, type Bindings, type ChildLoggerOptions, type Logger } from 'pino'
import { baseOf, type LogOwner } from './base.ts'
import { noSecrets, type KnownSecrets } from './knownSecrets.ts'
import { ecsFormat, jsonFormat, lineFields, lineOf, type Format } from './line.ts'
import { standardOutput, type Output } from './output.ts'

export type { Logger } from 'pino'

/** The levels of a log, the most verbose first. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** A level of the log. */
export type LogLevel = (typeof logLevels)[number]

/** The formats of a log: JSON, JSON with the names of the Elastic Common Schema, or text for people. */
export const logFormats = ['json', 'ecs', 'pretty'] as const

/** A format of the log. */
export type LogFormat = (typeof logFormats)[number]

/** Options of `createLogger`. */
export interface LoggerSettings extends LogOwner {
  readonly level: LogLevel
  /** Default: standard output. */
  readonly output?: Output
  /** Values that no line shows. */
  readonly secrets?: KnownSecrets
}

/** pino's number of the error level: errors are written at once, because they may be the last lines. */
const urgent = 50

/** Creates a service's log: pino, one JSON object per line, without secrets, each key once. */
export function createLogger({
  level,
  output = standardOutput(),
  secrets = noSecrets,
  ...owner
}: LoggerSettings): Logger {
  const format = { ...(owner.ecs ? ecsFormat : jsonFormat), secrets }
  const base = baseOf(owner)
  const log = pino(
    {
      messageKey: format.messageKey,
      timestamp: format.timestamp,
      base,
      level,
      formatters: { level: (label) => ({ [format.levelKey]: label }) },
      serializers: { err: (error: unknown) => error }, // `lineOf` has serialised it
      hooks: {
        logMethod(args, method, number) {
          Reflect.apply(method, this, lineOf(args, (this as Bound)[taken]!, format))
          if (number >= urgent) output.flushSync()
        },
      },
    },
    output,
  )
  return withCleanBindings(log, base, format)
}

/** Removes secrets from the bindings of child logs, and keeps their lines from repeating a bound name. */
function withCleanBindings(log: Logger, base: object, format: Format): Logger {
  const { child, setBindings } = log as { child: BindingsMethod; setBindings: BindingsMethod }
  return Object.assign(log, {
    [taken]: new Set([format.levelKey, format.timeKey, format.messageKey, ...Object.keys(base)]),
    child(this: Bound, bindings: Bindings, options?: ChildLoggerOptions) {
      const fields = lineFields(bindings, this[taken]!, format)
      const made = child.call(this, fields, options) as Bound
      made[taken] = withNames(this[taken]!, fields)
      return made
    },
    setBindings(this: Bound, bindings: Bindings) {
      const fields = lineFields(bindings, this[taken]!, format)
      setBindings.call(this, fields)
      this[taken] = withNames(this[taken]!, fields)
    },
  })
}

type BindingsMethod = (this: unknown, bindings: Bindings, options?: ChildLoggerOptions) => unknown

/** The names that all lines of a logger have already. */
const taken = Symbol('taken')

interface Bound {
  [taken]?: ReadonlySet<string>
}

function withNames(names: ReadonlySet<string>, fields: Readonly<Record<string, unknown>>): ReadonlySet<string> {
  return new Set([...names, ...Object.keys(fields).filter((name) => fields[name] !== undefined)])
}
