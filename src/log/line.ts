import { stdTimeFunctions, type Logger, type LoggerOptions } from 'pino'
import { toEcs } from './ecs.ts'
import { noSecrets, type KnownSecrets } from './knownSecrets.ts'
import { withoutSecrets } from './secrets.ts'

/** The names of the fields that every line has, and the secrets that none has. */
export interface Format extends Required<Pick<LoggerOptions, 'messageKey' | 'timestamp'>> {
  readonly levelKey: string
  readonly timeKey: string
  /** Renames the framework's own fields to those of the format. */
  readonly rename: ((fields: object) => Record<string, unknown>) | undefined
  readonly secrets: KnownSecrets
}

export const jsonFormat: Format = {
  messageKey: 'msg',
  timestamp: stdTimeFunctions.isoTime,
  timeKey: 'time',
  levelKey: 'level',
  rename: undefined,
  secrets: noSecrets,
}

export const ecsFormat: Format = {
  messageKey: 'message',
  timestamp: () => `,"@timestamp":"${new Date().toISOString()}"`,
  timeKey: '@timestamp',
  levelKey: 'log.level',
  rename: toEcs,
  secrets: noSecrets,
}

type Line = Parameters<Logger['info']>

/** Returns pino's arguments for a line: the input ones without secrets, each name once. */
export function lineOf(args: readonly unknown[], names: ReadonlySet<string>, format: Format): Line {
  const [first, text] = args
  const line: unknown[] = args.map((arg, i) =>
    i === 0 && typeof arg === 'object' ? arg : withoutSecrets(arg, format.secrets),
  )
  if (typeof first === 'object' && first !== null) {
    const input = first instanceof Error ? { err: first } : first
    if (text === undefined) putOwnText(line, input as LineInput, names, format)
    else line[0] = lineFields(input, names, format)
  }
  return line as unknown as Line
}

/** The fields of a line, possibly with an error. */
interface LineInput {
  readonly [name: string]: unknown
  readonly err?: unknown
}

/** Sets the message of a line without one: its field of that name, or the error's message. */
function putOwnText(line: unknown[], input: LineInput, names: ReadonlySet<string>, format: Format): void {
  const { [format.messageKey]: own, ...others } = input
  const isText = typeof own === 'string'
  line[0] = lineFields(isText ? others : input, names, format)
  const message = isText ? own : (input.err as Partial<Error> | null | undefined)?.message
  line[1] = withoutSecrets(message, format.secrets)
}

/**
 * Prepares the fields of a line. A name that is taken gets a `_` in front, because readers disagree on which of two
 * equal names counts.
 */
export function lineFields(
  input: object,
  names: ReadonlySet<string>,
  { rename, secrets }: Format,
): Record<string, unknown> {
  const clean: unknown = withoutSecrets(input, secrets)
  const isObject = typeof clean === 'object' && clean !== null && !Array.isArray(clean)
  const named = isObject ? clean : { value: clean }
  const fields = rename ? rename(named) : (named as Record<string, unknown>)
  let renamed: Record<string, unknown> | undefined
  for (const name in fields) {
    if (!names.has(name)) continue
    renamed ??= { ...fields }
    delete renamed[name]
    let free = `_${name}`
    while (names.has(free) || Object.hasOwn(renamed, free)) free = `_${free}`
    renamed[free] = fields[name]
  }
  return renamed ?? fields
}
