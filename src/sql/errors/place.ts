/**
 * The place of a statement in the user's code, for the stack of its error.
 *
 * A statement fails while its socket is read, and that stack is useless. So the place of each template is recorded once,
 * when it first runs. The error is thrown where V8 can find the functions that await it. Statements that succeed pay for
 * neither.
 */
import { findSourceMap } from 'node:module'
import { cutStack, isFrame } from '../../log/stack.ts'
import { withoutLiterals } from '../../sqlText/literals.ts'
import { DatabaseError } from './databaseError.ts'
import { ParameterError } from './parameterError.ts'

/** The origin of a failing statement. */
export interface Origin {
  readonly text?: string
  readonly strings?: TemplateStringsArray | undefined
}

/** A stack frame, formatted if source maps are in use, else the position in the code that runs. */
type Place =
  | string
  | { readonly file: string; readonly line: number; readonly column: number; readonly name: string | null }

const places = new WeakMap<TemplateStringsArray, Place>()

/** A function on the stack, whose caller is the user's code. */
export type Above = (...args: never[]) => unknown

/** Records where a template is: the caller of `above`. */
export function notePlace(strings: TemplateStringsArray, above: Above): void {
  if (typeof strings !== 'object' || places.has(strings)) return
  // oxlint-disable-next-line typescript/unbound-method -- a function that is restored below
  const { prepareStackTrace, stackTraceLimit } = Error
  const holder: { stack?: unknown } = {}
  try {
    Error.stackTraceLimit = 1
    Error.prepareStackTrace = (error, sites) => prepareStackTrace?.(error, sites) ?? sites[0]
    Error.captureStackTrace(holder, above)
    const place = placeOf(holder.stack as NodeJS.CallSite | string | undefined)
    if (place !== undefined) places.set(strings, place)
  } finally {
    Error.stackTraceLimit = stackTraceLimit
    Error.prepareStackTrace = prepareStackTrace
  }
}

// Only numbers and strings: a call site would keep the values of its function alive.
function placeOf(found: NodeJS.CallSite | string | undefined): Place | undefined {
  if (typeof found === 'string') return found.split('\n').find(isFrame)
  const file = found?.getFileName()
  if (!found || !file) return undefined
  const [line, column] = [found.getLineNumber() ?? 1, found.getColumnNumber() ?? 1]
  return { file, line, column, name: found.getFunctionName() }
}

/**
 * Rejects with an error whose stack has the place of the template and the functions that await it. Resolve their promise
 * with this one.
 */
export async function failing(cause: unknown, { text, strings }: Origin): Promise<never> {
  if (!(cause instanceof DatabaseError) && !(cause instanceof ParameterError)) throw cause
  const error = cause instanceof DatabaseError ? ofStatement(cause, text) : cause
  // After two ticks their promise waits for this one, and V8 sees who awaits theirs.
  await Promise.resolve()
  await Promise.resolve()
  const waiting: { stack?: string } = {}
  Error.captureStackTrace(waiting, failing)
  const place = strings && places.get(strings)
  Object.defineProperty(error, 'stack', {
    configurable: true,
    get: () => stackOf(error, place, waiting.stack),
    set(stack: unknown) {
      Object.defineProperty(error, 'stack', { value: stack, writable: true })
    },
  })
  throw error
}

/** The same error may end many statements: each gets its own. */
function ofStatement(cause: DatabaseError, text: string | undefined): DatabaseError {
  const error = thrown.has(cause) ? cause.copy() : cause
  thrown.add(error)
  error.statement = text === undefined ? undefined : withoutLiterals(text)
  return error
}

const thrown = new WeakSet<DatabaseError>()

// Built only when the stack is read.
function stackOf({ name, message }: Error, place: Place | undefined, waiting = ''): string {
  const frames = cutStack(waiting).split('\n').filter(isFrame)
  const own = place === undefined ? undefined : frameOf(place)
  // The first function that awaits is most often the one with the template.
  const isThere = own === undefined || frames.some((frame) => frame.includes(lineOf(own)))
  return [`${name}: ${message}`, ...(isThere ? [] : [own]), ...frames].join('\n')
}

function frameOf(place: Place): string {
  if (typeof place === 'string') return place
  const { file, line, column, name } = place
  const entry = findSourceMap(file)?.findEntry(line - 1, column - 1)
  const at =
    entry !== undefined && 'originalSource' in entry
      ? `${entry.originalSource}:${entry.originalLine + 1}:${entry.originalColumn + 1}`
      : `${file}:${line}:${column}`
  return `    at ${name === null ? at : `${name} (${at})`}`
}

/** File and line of a frame. */
function lineOf(frame: string): string {
  return /([^\s(]+:\d+:)\d+\)?$/.exec(frame)?.[1] ?? frame
}
