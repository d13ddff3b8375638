import { printableLayout } from '../../bytes/printable.ts'
import { formatLogLine, paintFor, type Color, type Paint } from '../../log/pretty.ts'

/** Receives what is printed: the dashboard. */
export interface ScreenListener {
  addLine(service: string, line: string): void
  addMessage(level: 'info' | 'warn', text: string): void
}

/**
 * The output of dev: log lines of the services and, in a terminal, a spinner below them.
 *
 * Without a terminal, or with NO_COLOR, it is plain text.
 */
export class Screen {
  readonly paint: Paint
  readonly #out: NodeJS.WriteStream
  readonly #colors = new Map<string, Color>()
  /** Also receives the lines of services, and those of dev itself. */
  listener: ScreenListener | undefined
  #waiting: string | undefined
  #frame = 0
  #timer: NodeJS.Timeout | undefined
  #width = 0

  constructor(out: NodeJS.WriteStream) {
    this.#out = out
    this.paint = paintFor(out)
  }

  /** Shows a spinner with this text until the work is done; without a terminal, prints one line. */
  async step<T>(text: string, work: Promise<T>): Promise<T> {
    if (!this.#out.isTTY) {
      this.print(text)
      return work
    }
    this.#waiting = text
    this.#timer = setInterval(() => this.#draw(), 80)
    this.#draw()
    try {
      return await work
    } finally {
      this.close()
    }
  }

  /** Assigns a colour to a service and makes the margin wide enough for its name. */
  add(name: string): void {
    this.#colors.set(name, palette[this.#colors.size % palette.length]!)
    this.#width = Math.max(this.#width, name.length)
  }

  /** Prints a line of a service's output. */
  log(name: string, line: string): void {
    this.listener?.addLine(name, line)
    const prefix = this.paint(this.#colors.get(name)!, `${name.padEnd(this.#width)} |`)
    for (const part of formatLogLine(line, this.paint).split('\n')) this.print(`${prefix} ${part}`)
  }

  /** Prints a line of dev itself. */
  info(text: string): void {
    this.listener?.addMessage('info', text)
    this.print(this.paint('dim', text))
  }

  /** Prints a problem, and the lines of a service's output that belong to it. */
  warn(text: string, lines: readonly string[] = []): void {
    this.listener?.addMessage('warn', text)
    this.print(this.paint('red', lines.length > 0 ? `${text}. Last lines of its output:` : text))
    for (const line of lines) this.print(`    ${formatLogLine(line, this.paint).replaceAll('\n', '\n    ')}`)
  }

  /** Prints text above the spinner, with control characters escaped: filenames and errors may contain any. */
  print(text: string): void {
    this.#out.write(`${this.#waiting ? clearLine : ''}${printableLayout(text)}\n`)
    if (this.#waiting) this.#draw()
  }

  /** Removes the spinner. */
  close(): void {
    clearInterval(this.#timer)
    if (this.#waiting) this.#out.write(clearLine)
    this.#waiting = undefined
  }

  #draw(): void {
    this.#frame = (this.#frame + 1) % frames.length
    this.#out.write(`${clearLine}${this.paint('cyan', frames[this.#frame]!)} ${this.#waiting}`)
  }
}

const palette = ['cyan', 'magenta', 'yellow', 'green', 'blue'] as const satisfies Color[]
const frames = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'
const clearLine = '\r\u001b[K'
