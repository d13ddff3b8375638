/**
 * Where a statement is written in the user's code, for the stack of its error.
 *
 * A statement fails in the socket's turn of the event loop, whose stack tells nothing. So the place of each template is noted
 * once, when it first runs; and the error is thrown where V8 can follow who waits for it. Neither costs a statement that
 * succeeds anything.
 */
import { findSourceMap } from 'node:module'
import { cutStack, isFrame } from '../../log/stack.ts'
import { withoutLiterals } from '../../sqlText/literals.ts'
import { DatabaseError } from './databaseError.ts'

/** What a failing statement is told by. */
export interface Origin {
  readonly text?: string
  readonly strings?: TemplateStringsArray | undefined
}

/** A frame as somebody who maps stacks shows it, or where it is in what runs. */
type Place =
  | string
  | { readonly file: string; readonly line: number; readonly column: number; readonly name: string | null }

const places = new WeakMap<TemplateStringsArray, Place>()

/** A function on the stack, whose caller is the user's code. */
export type Above = (...args: never[]) => unknown

/** Notes where a template is written: the caller of `above`. */
export function notePlace(strings: TemplateStringsArray, above: Above): void {
  if (typeof strings !== 'object' || places.has(strings)) return
  // oxlint-disable-next-line typescript/unbound-method -- a function that is kept there
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

// Numbers and texts alone: a frame itself would hold on to what its function worked with.
function placeOf(found: NodeJS.CallSite | string | undefined): Place | undefined {
  if (typeof found === 'string') return found.split('\n').find(isFrame)
  const file = found?.getFileName()
  if (!found || !file) return undefined
  const [line, column] = [found.getLineNumber() ?? 1, found.getColumnNumber() ?? 1]
  return { file, line, column, name: found.getFunctionName() }
}

/**
 * Rejects with an error that has the statement's text and, in its stack, the template's place and who waits for it. To be
 * resolved with by the promise that they wait for.
 */
export async function failing(cause: unknown, { text, strings }: Origin): Promise<never> {
  if (!(cause instanceof DatabaseError)) throw cause
  // One error may end many statements.
  const error = told.has(cause) ? cause.copy() : cause
  told.add(error)
  error.statement = text === undefined ? undefined : withoutLiterals(text)
  // By then the promise that is resolved with this one waits for it, and V8 sees who waits for that.
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

const told = new WeakSet<DatabaseError>()

// Made only when somebody reads it.
function stackOf({ name, message }: Error, place: Place | undefined, waiting = ''): string {
  const frames = cutStack(waiting).split('\n').filter(isFrame)
  const own = place === undefined ? undefined : frameOf(place)
  // Most often the first who waits is where the template is written.
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
