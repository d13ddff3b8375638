import type { Logger } from './logger.ts'

/** A log as frameworks know it. */
export type LateLog = Pick<
  Logger,
  'level' | 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent' | 'child'
>

/** Stands for a log that is made, or replaced, later: every line goes to the one that is current then. */
export function lateLog(current: () => Logger): LateLog {
  const forward = {} as Record<string, unknown>
  for (const name of ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent', 'child'] as const) {
    forward[name] = (...args: unknown[]) =>
      Reflect.apply(current()[name] as (...args: unknown[]) => unknown, current(), args)
  }
  return Object.defineProperty(forward, 'level', {
    get: () => current().level,
    set(level: string) {
      current().level = level
    },
  }) as unknown as LateLog
}
