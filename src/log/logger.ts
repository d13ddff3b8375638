import { pino, type Bindings, type ChildLoggerOptions, type Logger } from 'pino'
import { baseOf, type LogOwner } from './base.ts'
import { ecsFormat, jsonFormat, lineFields, lineOf, type Format } from './line.ts'
import { standardOutput, type Output } from './output.ts'

export type { Logger } from 'pino'

/** The levels of a log, the most talkative first. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** A level of the log. */
export type LogLevel = (typeof logLevels)[number]

/** How lines look: JSON, JSON under the names of the Elastic Common Schema, or text for people. */
export const logFormats = ['json', 'ecs', 'pretty'] as const

/** A format of the log. */
export type LogFormat = (typeof logFormats)[number]

/** What a log is made of. */
export interface LoggerSettings extends LogOwner {
  readonly level: LogLevel
  /** Default: standard output. */
  readonly output?: Output
}

/** pino's number for errors: these lines are written at once, as they may be the last. */
const urgent = 50

/** A service's log: pino, one JSON object a line, without secrets, each key once. */
export function createLogger({ level, output = standardOutput(), ...owner }: LoggerSettings): Logger {
  const format = owner.ecs ? ecsFormat : jsonFormat
  const base = baseOf(owner)
  const log = pino(
    {
      messageKey: format.messageKey,
      timestamp: format.timestamp,
      base,
      level,
      formatters: { level: (label) => ({ [format.levelKey]: label }) },
      serializers: { err: (error: unknown) => error }, // `lineOf` has done it
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

/** What is bound to a child has to be clean as well, and each line under it may not say it again. */
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
