import type { Logger } from './logger.ts'

/**
 * Makes a log talkative while the service runs: SIGUSR2 turns `debug` on, and the next one back to the level of before
 * (to `info` where that was `debug` itself). Returns what ends this.
 */
export function levelOnSignal(log: Logger): () => void {
  const configured = log.level === 'debug' ? 'info' : log.level
  const toggle = (): void => {
    log.level = log.level === 'debug' ? configured : 'debug'
    log.warn(`level ${log.level}`)
  }
  if (process.platform === 'win32') return () => {} // it has no such signal
  process.on('SIGUSR2', toggle)
  return () => void process.off('SIGUSR2', toggle)
}
