import { monitorEventLoopDelay } from 'node:perf_hooks'

/**
 * Watches how late this process gets the CPU. Returns what ends that and tells the worst, in milliseconds: what a bound of
 * time has to be forgiven on a machine that is busy with other things.
 */
export function watchLateness() {
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  return () => {
    delay.disable()
    return delay.max / 1e6
  }
}
