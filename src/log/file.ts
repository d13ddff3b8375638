import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { BufferedOutput, flushAtExit, lineOutput, type Output } from './output.ts'

/** Options of a log file and its rotation. */
export interface LogFile {
  readonly path: string
  /** Starts a new file each day, each hour, or after this many milliseconds. Needs the package `pino-roll`. */
  readonly frequency?: 'daily' | 'hourly' | number
  /** Starts a new file beyond this size, such as `10m`. Needs the package `pino-roll`. */
  readonly size?: string
  /** How many files to keep besides the current one. Default: all. */
  readonly keep?: number
}

/** A log file cannot be opened; the message is one line that says what to do. */
class LogFileError extends Error {
  override readonly name: string = 'LogFileError'
}

/**
 * Opens a log file and creates its folder.
 *
 * @throws {Error} when it cannot be opened, or when `pino-roll` is needed but not installed
 */
export async function fileOutput(file: LogFile): Promise<Output> {
  if (file.frequency !== undefined || file.size !== undefined) return rollingOutput(file)
  mkdirSync(dirname(file.path), { recursive: true })
  const descriptor = openSync(file.path, 'a')
  return new BufferedOutput(
    (bytes) => writeSync(descriptor, bytes),
    () => closeSync(descriptor),
  )
}

async function rollingOutput({ path, frequency, size, keep }: LogFile): Promise<Output> {
  const roll = await loadPinoRoll(path)
  const stream = await roll({
    file: path,
    mkdir: true,
    ...(frequency !== undefined && { frequency }),
    ...(size !== undefined && { size }),
    ...(keep !== undefined && { limit: { count: keep } }),
  })
  stream.on('error', () => {}) // a full disk: a log is no reason to stop
  const output = lineOutput({
    write: (line) => void stream.write(line),
    flushSync: () => stream.flushSync(),
    close() {
      forget()
      stream.end()
    },
  })
  const forget = flushAtExit(output)
  return output
}

/** The part of pino-roll that is used; it has no types of its own. */
type PinoRoll = (options: {
  readonly file: string
  readonly mkdir: boolean
  readonly frequency?: 'daily' | 'hourly' | number
  readonly size?: string
  readonly limit?: { readonly count: number }
}) => Promise<{
  write(line: string): boolean
  flushSync(): void
  end(): void
  on(event: 'error', listener: (error: Error) => void): void
}>

async function loadPinoRoll(path: string): Promise<PinoRoll> {
  const name: string = 'pino-roll'
  try {
    return ((await import(name)) as { default: PinoRoll }).default
  } catch (cause) {
    throw new LogFileError(`${path}: log files that roll need the package ${name}: npm install ${name}`, { cause })
  }
}
