import { printableLayout } from '../bytes/printable.ts'
import { ownFolder } from '../load/own.ts'

/** A command cannot go on, and its message, one line for the user, says why. */
export class CliError extends Error {
  override readonly name = 'CliError'
  /** 1: it failed; 2: it was called wrongly. */
  readonly exitCode: 1 | 2

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

/**
 * What to print for an error that ends a command: one line for one that was thrown on purpose (a class of its own) or
 * by the system (`EADDRINUSE`), else the stack too, because then it is a bug that somebody must find: down to where
 * tricube called what threw it.
 */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return isBug(error) ? stackOf(error) : messageOf(error)
}

/** Prints what is wrong; a terminal may be reading, and a message may quote anything. */
export function complain(text: string): void {
  process.stderr.write(`${printableLayout(text)}\n`)
}

/** One line for any error; for a bug with the place in the user's code where it was thrown. */
export function failureLine(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const message = messageOf(error)
    .trim()
    .replace(/\s*\n\s*/g, ' ')
  if (!isBug(error)) return message
  const frame = error.stack
    ?.split('\n')
    .find((line) => /^\s+at .*:\d+:\d+/.test(line) && !/node:|node_modules/.test(line) && !isOurs(line))
  const place = frame?.match(/(?:file:\/\/)?([^\s()]+:\d+:\d+)/)?.[1]
  return `${error.name}: ${message}${place ? ` (${place})` : ''}`
}

/** The whole of it when tricube itself threw: then it may be tricube's bug. */
function stackOf({ name, message, stack = `${name}: ${message}` }: Error): string {
  const lines = stack.split('\n')
  const first = lines.findIndex((line) => /^\s+at /.test(line))
  const end = lines.findIndex((line, at) => at > first && first >= 0 && (isOurs(line) || isLoader(line)))
  return end < 0 || isOurs(lines[first]!) ? stack : lines.slice(0, end).join('\n')
}

/** A frame in tricube, or in what a service's packages were compiled to, see `compile`. */
function isOurs(frame: string): boolean {
  return frame.includes(ownFolder()) || /[/\\]tricube-\w+[/\\]\d+\.mjs/.test(frame)
}

function isLoader(frame: string): boolean {
  return frame.includes('node:internal/modules/')
}

function messageOf(error: Error): string {
  // Node answers a refused connection to a name with two addresses by an AggregateError without a message.
  return error.message || (error instanceof AggregateError && failureLine(error.errors[0])) || error.name
}

function isBug(error: Error): boolean {
  if (error.name === 'Error') return (error as NodeJS.ErrnoException).code === undefined
  return ['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError', 'EvalError', 'URIError'].includes(error.name)
}
