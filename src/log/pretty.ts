import { writeSync } from 'node:fs'
import { styleText } from 'node:util'
import { printable, printableBlock, printableLayout } from '../bytes/printable.ts'
import { descriptors, lineOutput, type LogStream, type Output } from './output.ts'

/** A colour of `styleText`. */
export type Color = 'cyan' | 'magenta' | 'yellow' | 'green' | 'blue' | 'red' | 'dim' | 'bold'

/** Colours a text, or returns it unchanged where colours are off. */
export type Paint = (color: Color, text: string) => string

/** Returns a painter that colours text only in a terminal and without NO_COLOR. */
export function paintFor(out: NodeJS.WriteStream): Paint {
  return out.isTTY && out.hasColors() ? (color, text) => styleText(color, text) : (_color, text) => text
}

/** A standard stream for people: formats each line and writes it at once. */
export function prettyOutput(stream: LogStream): Output {
  const paint = paintFor(process[stream])
  return terminalOutput(stream, (line) => formatLogLine(line, paint))
}

/** A standard stream that is a terminal: escapes C1 and direction marks, which JSON leaves as they are. */
export function jsonTerminalOutput(stream: LogStream): Output {
  return terminalOutput(stream, printableLayout)
}

function terminalOutput(stream: LogStream, format: (line: string) => string): Output {
  return lineOutput({
    write: (line) => void writeSync(descriptors[stream], `${format(line.trimEnd())}\n`),
    flushSync() {},
    close() {},
  })
}

/**
 * Formats a line of pino's JSON as `12:00:00.000 INFO listening url=…`, with a stack below it. Other lines stay as they
 * are, colours included. Nothing that a caller sent can start a line or move the cursor.
 */
export function formatLogLine(line: string, paint: Paint): string {
  const record = parse(line)
  if (!record) return line.includes(escape) ? printableLayout(line) + resetColor : printableLayout(line)
  const { level, time, msg, err, pid: _pid, hostname: _host, service: _service, v: _v, ...fields } = record
  const name = levelName(level)
  const { stack, message, ...details } = (typeof err === 'object' && err !== null ? err : {}) as Record<string, unknown>
  const text = [
    paint('dim', clock(time)),
    paint(name === 'ERROR' || name === 'FATAL' ? 'red' : name === 'WARN' ? 'yellow' : 'green', name.padEnd(5)),
    ...[msg ?? message].filter((text) => typeof text === 'string').map(printable),
    ...Object.entries(stack ? fields : { ...fields, ...details }).map(
      ([key, value]) => paint('dim', `${printable(key)}=`) + valueText(value),
    ),
  ].join(' ')
  return typeof stack === 'string' ? `${text}\n${printableBlock(stack)}` : text
}

const escape = '\u001b'
const resetColor = '\u001b[0m'

function parse(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const record = JSON.parse(line) as Record<string, unknown>
    return 'level' in record && 'time' in record ? record : undefined
  } catch {
    return undefined
  }
}

/** pino's level numbers: https://getpino.io/#/docs/api?id=logger-level */
const levels: Readonly<Record<number, string>> = {
  10: 'TRACE',
  20: 'DEBUG',
  30: 'INFO',
  40: 'WARN',
  50: 'ERROR',
  60: 'FATAL',
}

function levelName(level: unknown): string {
  return typeof level === 'number' ? (levels[level] ?? String(level)) : printable(String(level).toUpperCase())
}

/** Formats the local time of day with milliseconds. */
function clock(time: unknown): string {
  const date = new Date(time as string | number)
  if (Number.isNaN(date.getTime())) return printable(String(time))
  return `${date.toTimeString().slice(0, 8)}.${String(date.getMilliseconds()).padStart(3, '0')}`
}

function valueText(value: unknown): string {
  return printable(typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value))
}
