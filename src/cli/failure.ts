import { printableLayout } from '../bytes/printable.ts'
import { ownFolder } from '../load/own.ts'

/** An error that ends a command. Its message is one line for the user. */
export class CliError extends Error {
  override readonly name = 'CliError'
  /** 1: the command failed; 2: its arguments are wrong. */
  readonly exitCode: 1 | 2

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

/**
 * Returns the text to print for an error that ends a command.
 *
 * Errors with their own class and errors of the system (`EADDRINUSE`) are one line. Others are bugs: their text includes
 * the stack, down to the frame in which tricube called the user's code.
 */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return isBug(error) ? stackOf(error) : messageOf(error)
}

/** Prints a line to standard error, with control characters escaped: a message may quote any input. */
export function complain(text: string): void {
  process.stderr.write(`${printableLayout(text)}\n`)
}

/** Returns one line for any error. A bug's line ends with its place in the user's code. */
export function failureLine(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const message = messageOf(error)
    .trim()
    .replace(/\s*\n\s*/g, ' ')
  if (!isBug(error)) return message
  const frame = error.stack
    ?.split('\n')
    .find((line) => /^\s+at .*:\d+:\d+/.test(line) && !/node:|node_modules/.test(line) && !isOwn(line))
  const place = frame?.match(/(?:file:\/\/)?([^\s()]+:\d+:\d+)/)?.[1]
  return `${error.name}: ${message}${place ? ` (${place})` : ''}`
}

/** Returns the full stack if tricube threw the error: it may be tricube's bug. */
function stackOf({ name, message, stack = `${name}: ${message}` }: Error): string {
  const lines = stack.split('\n')
  const first = lines.findIndex((line) => /^\s+at /.test(line))
  const end = lines.findIndex((line, at) => at > first && first >= 0 && (isOwn(line) || isLoader(line)))
  return end < 0 || isOwn(lines[first]!) ? stack : lines.slice(0, end).join('\n')
}

/** Whether a frame is in tricube, or in a service's packages as `compile` bundles them. */
function isOwn(frame: string): boolean {
  return frame.includes(ownFolder()) || /[/\\]tricube-\w+[/\\]\d+\.mjs/.test(frame)
}

function isLoader(frame: string): boolean {
  return frame.includes('node:internal/modules/')
}

function messageOf(error: Error): string {
  // For a name with two addresses, Node throws an AggregateError without a message if neither accepts the connection.
  return error.message || (error instanceof AggregateError && failureLine(error.errors[0])) || error.name
}

function isBug(error: Error): boolean {
  if (error.name === 'Error') return (error as NodeJS.ErrnoException).code === undefined
  return ['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError', 'EvalError', 'URIError'].includes(error.name)
}
