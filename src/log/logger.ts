import { pino, stdTimeFunctions, type Bindings, type ChildLoggerOptions, type Logger, type LoggerOptions } from 'pino'
import { baseOf, type LogOwner } from './base.ts'
import { toEcs } from './ecs.ts'
import { standardOutput, type Output } from './output.ts'
import { withoutSecrets } from './secrets.ts'

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

/** A service's log: pino, one JSON object a line, without secrets. */
export function createLogger({ level, output = standardOutput(), ...owner }: LoggerSettings): Logger {
  const { ecs = false } = owner
  const clean = ecs ? (fields: object) => toEcs(withoutSecrets(fields)) : withoutSecrets<object>
  const { levelKey, ...options } = ecs ? ecsOptions : jsonOptions
  const log = pino(
    {
      ...options,
      base: baseOf(owner),
      level,
      formatters: {
        level: (label) => ({ [levelKey]: label }),
        log: clean as (fields: object) => Record<string, unknown>,
      },
      serializers: { err: (error: unknown) => error }, // `clean` has done it
      hooks: {
        logMethod(args, method, number) {
          for (let i = 1; i < args.length; i++) args[i] = withoutSecrets(args[i])
          method.apply(this, args)
          if (number >= urgent) output.flushSync()
        },
      },
    },
    output,
  )
  return cleanBindings(log, clean)
}

interface FormatOptions extends Pick<LoggerOptions, 'messageKey' | 'timestamp'> {
  readonly levelKey: string
}

const jsonOptions: FormatOptions = { timestamp: stdTimeFunctions.isoTime, levelKey: 'level' }

const ecsOptions: FormatOptions = {
  messageKey: 'message',
  timestamp: () => `,"@timestamp":"${new Date().toISOString()}"`,
  levelKey: 'log.level',
}

/** What is bound to a child has to be clean as well; pino's formatters do not see it. */
function cleanBindings(log: Logger, clean: (fields: object) => object): Logger {
  const { child, setBindings } = log as { child: BindingsMethod; setBindings: BindingsMethod }
  return Object.assign(log, {
    child(bindings: Bindings, options?: ChildLoggerOptions) {
      return child.call(this, clean(bindings), options)
    },
    setBindings(bindings: Bindings) {
      return setBindings.call(this, clean(bindings))
    },
  })
}

type BindingsMethod = (this: unknown, bindings: Bindings, options?: ChildLoggerOptions) => unknown
