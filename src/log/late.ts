import type { Bindings, ChildLoggerOptions } from 'pino'
import type { Logger } from './logger.ts'

/** A log as frameworks know it. */
export type LateLog = Pick<
  Logger,
  'level' | 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent' | 'child'
>

/**
 * Stands for a log that is made, or replaced, later: every line goes to the one that is current then, also the lines of
 * its children.
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
