import { parse, format as pathOf } from 'node:path'
import type { LogFile } from '../log/file.ts'
import { levelOnSignal } from '../log/levelSignal.ts'
import { accessWriter } from '../log/access.ts'
import { createLogger, type Logger, type LogLevel } from '../log/logger.ts'
import { openLog } from '../log/open.ts'
import { flushAtExit, standardOutput } from '../log/output.ts'
import { AccessLog } from './accessLog.ts'
import type { LogConfig } from './logConfig.ts'

/** A service's log from its first line to its last: how it is written is known once the configuration is. */
export class Logging {
  readonly #name: string
  readonly #worker: number | undefined
  #log: Logger
  #access: AccessLog
  #close: (() => void) | undefined
  #forgetPending: (() => void) | undefined
  #endLevelSignal: (() => void) | undefined

  /** `worker`: which of several processes this one is, if there are several. */
  constructor(name: string, worker: number | undefined) {
    this.#name = name
    this.#worker = worker
    const owner = { name, pid: this.#pid }
    this.#log = createLogger({ ...owner, level: 'info' })
    this.#access = new AccessLog(this.#log, accessWriter(owner, standardOutput()), 1)
  }

  get log(): Logger {
    return this.#log
  }

  get access(): AccessLog {
    return this.#access
  }

  /** Logs as the configuration says, from now on; `writePending` writes what is still to be logged when the process exits. */
  async open(config: LogConfig & { readonly logLevel: LogLevel }, writePending: () => void): Promise<void> {
    const { logLevel: level, logFormat: format, logRequests } = config
    const file = logFileOf(config, this.#worker)
    const { log, writeAccess, close } = await openLog({ name: this.#name, level, pid: this.#pid, format, file })
    this.#log = log
    this.#close = close
    this.#access = new AccessLog(log, writeAccess, logRequests)
    this.#forgetPending = flushAtExit({ flushSync: writePending })
  }

  /** Lets SIGUSR2 change the level. */
  followSignal(): void {
    this.#endLevelSignal = levelOnSignal(this.#log)
  }

  close(): void {
    this.#endLevelSignal?.()
    this.#forgetPending?.()
    this.#close?.()
  }

  get #pid(): number | undefined {
    return this.#worker === undefined ? undefined : process.pid
  }
}

/**
 * The file that a process logs to. Workers append to one together, which the system keeps apart line by line; files that
 * roll are each worker's own, `users-2.log`, since nobody else may know that it has begun the next.
 */
export function logFileOf({ logFile }: LogConfig, worker: number | undefined): LogFile | undefined {
  const file = typeof logFile === 'string' ? { path: logFile } : logFile
  if (file === undefined || worker === undefined || (file.frequency ?? file.size) === undefined) return file
  const { dir, name, ext } = parse(file.path)
  return { ...file, path: pathOf({ dir, name: `${name}-${worker}`, ext }) }
}
