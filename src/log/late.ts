import type { Bindings, ChildLoggerOptions } from 'pino'
import type { Logger } from './logger.ts'

/** A log with the methods that frameworks expect. */
export type LateLog = Pick<
  Logger,
  'level' | 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent' | 'child'
>

/**
 * Returns a log that forwards every line to the current log, which may be made or replaced later. Child logs do the same.
 */
export function lateLog(current: () => Logger): LateLog {
  const forward = {} as Record<string, unknown>
  for (const name of ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const) {
    forward[name] = (...args: unknown[]) => Reflect.apply(current()[name], current(), args)
  }
  forward['child'] = (bindings: Bindings, options?: ChildLoggerOptions) => {
    let parent: Logger | undefined
    let child: Logger | undefined
    return lateLog(() => {
      if (parent !== current()) child = (parent = current()).child(bindings, options)
      return child!
    })
  }
  return Object.defineProperty(forward, 'level', {
    get: () => current().level,
    set(level: string) {
      current().level = level
    },
  }) as unknown as LateLog
}
