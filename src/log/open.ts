import { isatty } from 'node:tty'
import { accessWriter, type AccessWriter } from './access.ts'
import { fileOutput, type LogFile } from './file.ts'
import { createLogger, type LogFormat, type Logger, type LogLevel } from './logger.ts'
import { noSecrets, type KnownSecrets } from './knownSecrets.ts'
import { descriptors, standardOutput, type LogStream, type Output } from './output.ts'
import { jsonTerminalOutput, prettyOutput } from './pretty.ts'

/** Options of `openLog`. */
export interface LogSettings {
  readonly name: string
  readonly level: LogLevel
  /** The process id, if more than one process writes the lines of a service. */
  readonly pid?: number | undefined
  /** Default: text for people in a terminal, else JSON. */
  readonly format: LogFormat | undefined
  /** Default: the stream. */
  readonly file: LogFile | undefined
  /** Where lines go without a file. Default: standard output. */
  readonly stream?: LogStream
  /** Values that no line shows. Default: none. */
  readonly secrets?: KnownSecrets
}

/** A log and the function that closes it after its last line is written. */
export interface OpenLog {
  readonly log: Logger
  readonly writeAccess: AccessWriter
  readonly close: () => void
}

/**
 * Opens a service's log.
 *
 * @throws {Error} when the file cannot be opened
 */
export async function openLog(settings: LogSettings): Promise<OpenLog> {
  const { name, level, pid, format, file, stream = 'stdout', secrets = noSecrets } = settings
  const output = file ? await fileOutput(file) : standardOutputFor(stream, format)
  const owner = { name, pid, ecs: format === 'ecs' }
  return {
    log: createLogger({ ...owner, level, output, secrets }),
    writeAccess: accessWriter(owner, output),
    close: () => output.close(),
  }
}

function standardOutputFor(stream: LogStream, format: LogFormat | undefined): Output {
  const isTerminal = isatty(descriptors[stream])
  if (format === 'pretty' || (format === undefined && isTerminal)) return prettyOutput(stream)
  return isTerminal ? jsonTerminalOutput(stream) : standardOutput(stream)
}
