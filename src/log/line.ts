import { stdTimeFunctions, type Logger, type LoggerOptions } from 'pino'
import { toEcs } from './ecs.ts'
import { withoutSecrets } from './secrets.ts'

/** How a line calls what each of them has. */
export interface Format extends Required<Pick<LoggerOptions, 'messageKey' | 'timestamp'>> {
  readonly levelKey: string
  readonly timeKey: string
  /** The framework's own names into those of the format. */
  readonly rename: ((fields: object) => Record<string, unknown>) | undefined
}

export const jsonFormat: Format = {
  messageKey: 'msg',
  timestamp: stdTimeFunctions.isoTime,
  timeKey: 'time',
  levelKey: 'level',
  rename: undefined,
}

export const ecsFormat: Format = {
  messageKey: 'message',
  timestamp: () => `,"@timestamp":"${new Date().toISOString()}"`,
  timeKey: '@timestamp',
  levelKey: 'log.level',
  rename: toEcs,
}

type Line = Parameters<Logger['info']>

/** What pino is given for a line: what it was given, without secrets, and each name once. */
export function lineOf(args: readonly unknown[], names: ReadonlySet<string>, format: Format): Line {
  const [first, text] = args
  const line: unknown[] = args.map((arg, i) => (i === 0 && typeof arg === 'object' ? arg : withoutSecrets(arg)))
  if (typeof first === 'object' && first !== null) {
    const given = first instanceof Error ? { err: first } : first
    if (text === undefined) putOwnText(line, given as Given, names, format)
    else line[0] = lineFields(given, names, format)
  }
  return line as unknown as Line
}

/** Fields of a line, perhaps an error among them. */
interface Given {
  readonly [name: string]: unknown
  readonly err?: unknown
}

/** A line without a text says its field of that name, or what its error does. */
function putOwnText(line: unknown[], given: Given, names: ReadonlySet<string>, format: Format): void {
  const { [format.messageKey]: own, ...others } = given
  const isText = typeof own === 'string'
  line[0] = lineFields(isText ? others : given, names, format)
  line[1] = withoutSecrets(isText ? own : (given.err as Partial<Error> | null | undefined)?.message)
}

/**
 * Fields as a line may have them. A name that is taken gets a `_` in front: of a name that is there twice, some readers
 * keep the first and some the last.
 */
export function lineFields(given: object, names: ReadonlySet<string>, { rename }: Format): Record<string, unknown> {
  const clean: unknown = withoutSecrets(given)
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
