import { parse, format as pathOf } from 'node:path'
import { secretValues } from '../../../config/hide.ts'
import { fieldsOf } from '../../../http/log/requestLog.ts'
import type { LogFile } from '../../../log/file.ts'
import { knownSecrets } from '../../../log/knownSecrets.ts'
import { levelOnSignal } from '../../../log/levelSignal.ts'
import type { Logger } from '../../../log/logger.ts'
import { openLog } from '../../../log/open.ts'
import { flushAtExit } from '../../../log/output.ts'
import type { Opened, Part, RequestScope } from '../../part.ts'
import { workerOf } from '../workers/messages.ts'
import { AccessLog } from './accessLog.ts'
import { logOptions, logSettings, type LogConfig, type LogOptions } from './logConfig.ts'

/** A service's log, and its line for each request. */
export interface Logging extends Opened<Logger> {
  readonly log: Logger
  readonly access: AccessLog
  forRequest(scope: RequestScope): Logger
  close(): void
}

/** Applies the configuration of the log when it opens. */
export const logging: Part<{ readonly log?: LogOptions }, LogConfig, Logging> = {
  name: 'logging',
  options: { log: logOptions },
  settings: logSettings,
  async open({ contract: { name }, config, inFlight, whenListening }) {
    const { logLevel: level, logFormat: format, logStream: stream, logRequests } = config
    const worker = workerOf(process.env)?.number
    const pid = worker === undefined ? undefined : process.pid
    const file = logFileOf(config, worker)
    const secrets = knownSecrets(secretValues(config))
    const { log, writeAccess, close } = await openLog({ name, level, pid, format, file, stream, secrets })
    const forgetPending = flushAtExit({ flushSync: inFlight.reportEnded })
    let endLevelSignal: (() => void) | undefined
    whenListening(() => void (endLevelSignal = levelOnSignal(log)))
    return {
      log,
      access: new AccessLog(log, writeAccess, logRequests),
      forRequest: (scope) => log.child(scope.request ? fieldsOf(scope.request, scope.span) : fieldsOfWork(scope)),
      close() {
        endLevelSignal?.()
        forgetPending()
        close()
      },
    }
  },
}

/** Returns the fields of each log line of work without a request. */
function fieldsOfWork({ operation, span }: RequestScope): Record<string, string | undefined> {
  return { operation, ...(span.isRecorded && { trace_id: span.traceId, span_id: span.id }) }
}

/**
 * Returns the file that a process logs to. Workers append to one file, and the system keeps their lines apart. With
 * rolling files each worker has its own, `users-2.log`, since no other worker knows when it starts the next.
 */
export function logFileOf({ logFile }: Pick<LogConfig, 'logFile'>, worker: number | undefined): LogFile | undefined {
  const file = typeof logFile === 'string' ? { path: logFile } : logFile
  if (file === undefined || worker === undefined || (file.frequency ?? file.size) === undefined) return file
  const { dir, name, ext } = parse(file.path)
  return { ...file, path: pathOf({ dir, name: `${name}-${worker}`, ext }) }
}
