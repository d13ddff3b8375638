import type { Logger } from './logger.ts'

/**
 * Lets SIGUSR2 switch a log between `debug` and its configured level (`info` where that is `debug` itself).
 * Returns the function that removes the signal handler.
 */
export function levelOnSignal(log: Logger): () => void {
  const configured = log.level === 'debug' ? 'info' : log.level
  const toggle = (): void => {
    log.level = log.level === 'debug' ? configured : 'debug'
    log.warn(`level ${log.level}`)
  }
  if (process.platform === 'win32') return () => {} // Windows has no such signal
  process.on('SIGUSR2', toggle)
  return () => void process.off('SIGUSR2', toggle)
}
