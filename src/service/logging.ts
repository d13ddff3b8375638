import { levelOnSignal } from '../log/levelSignal.ts'
import { accessWriter } from '../log/access.ts'
import { createLogger, type Logger } from '../log/logger.ts'
import { openLog } from '../log/open.ts'
import { standardOutput } from '../log/output.ts'
import { AccessLog } from './accessLog.ts'
import type { Config } from './config.ts'

/** A service's log from its first line to its last: how it is written is known once the configuration is. */
export class Logging {
  readonly #name: string
  #log: Logger
  #access: AccessLog
  #close: (() => void) | undefined
  #endLevelSignal: (() => void) | undefined

  constructor(name: string) {
    this.#name = name
    this.#log = createLogger({ name, level: 'info' })
    this.#access = new AccessLog(this.#log, accessWriter(name, false, standardOutput()), 1)
  }

  get log(): Logger {
    return this.#log
  }

  get access(): AccessLog {
    return this.#access
  }

  /** Logs as the configuration says, from now on. */
  async open({ logLevel: level, logFormat: format, logFile, logRequests }: Config): Promise<void> {
    const file = typeof logFile === 'string' ? { path: logFile } : logFile
    const { log, writeAccess, close } = await openLog({ name: this.#name, level, format, file })
    this.#log = log
    this.#close = close
    this.#access = new AccessLog(log, writeAccess, logRequests)
  }

  /** Lets SIGUSR2 change the level. */
  followSignal(): void {
    this.#endLevelSignal = levelOnSignal(this.#log)
  }

  close(): void {
    this.#endLevelSignal?.()
    this.#close?.()
  }
}
