import { constants, monitorEventLoopDelay, performance, PerformanceObserver } from 'node:perf_hooks'
import type { Histogram } from './histogram.ts'
import type { Metrics } from './metrics.ts'

/**
 * Measures the process: event loop, garbage collection, memory, CPU, start time. Returns the function that stops it.
 *
 * Prometheus and its Node client use the same names, so existing dashboards work.
 * https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics
 */
export function watchProcess(metrics: Metrics): () => void {
  watchMemory(metrics)
  watchCpu(metrics)
  watchLoopTime(metrics)
  const ends = [watchLoopDelay(metrics), watchCollections(metrics)]
  return () => {
    for (const end of ends) end()
  }
}

function watchMemory(metrics: Metrics): void {
  const gauge = (name: string, help: string): ((bytes: number) => void) => {
    const made = metrics.gauge(name, { help })
    return (bytes) => made.set(bytes)
  }
  const resident = gauge('process_resident_memory_bytes', 'Resident memory of the process, in bytes.')
  const heapTotal = gauge('nodejs_heap_size_total_bytes', 'Memory reserved for JavaScript, in bytes.')
  const heapUsed = gauge('nodejs_heap_size_used_bytes', 'Memory that JavaScript uses, in bytes.')
  const external = gauge('nodejs_external_memory_bytes', 'Memory outside of the heap, buffers included, in bytes.')
  metrics.onScrape(() => {
    const usage = process.memoryUsage()
    resident(usage.rss)
    heapTotal(usage.heapTotal)
    heapUsed(usage.heapUsed)
    external(usage.external)
  })
}

function watchCpu(metrics: Metrics): void {
  const cpu = metrics.counter('process_cpu_seconds_total', { help: 'CPU time of user and system, in seconds.' })
  const start = metrics.gauge('process_start_time_seconds', {
    help: 'Start time of the process, in seconds since 1970.',
    aggregator: 'min',
  })
  start.set(performance.timeOrigin / 1000)
  metrics.onScrape(() => {
    const { user, system } = process.cpuUsage()
    cpu.reach((user + system) / 1e6)
  })
}

/** Measures how long the loop was active and idle; the active share is its utilisation. */
function watchLoopTime(metrics: Metrics): void {
  const time = metrics.counter('nodejs_eventloop_time_seconds_total', {
    help: 'Seconds that the event loop was active and idle.',
    labels: ['state'],
  })
  const active = time.labels({ state: 'active' })
  const idle = time.labels({ state: 'idle' })
  metrics.onScrape(() => {
    const utilization = performance.eventLoopUtilization()
    active.reach(utilization.active / 1000)
    idle.reach(utilization.idle / 1000)
  })
}

/** Milliseconds between two samples of the loop's delay; each wakes an idle process for about 0.1 ms. */
const resolutionMs = 100

function watchLoopDelay(metrics: Metrics): () => void {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs })
  delay.enable()
  const gauges = [50, 90, 99, 100].map((percentile) => {
    const name = percentile === 100 ? 'max' : `p${percentile}`
    const help = `Delay of the event loop since the last scrape, in seconds: ${name}.`
    return { percentile, gauge: metrics.gauge(`nodejs_eventloop_lag_${name}_seconds`, { help }) }
  })
  metrics.onScrape(() => {
    // A histogram without samples has no percentiles; each sample includes the interval itself.
    for (const { percentile, gauge } of gauges) {
      const milliseconds = delay.count === 0 ? 0 : delay.percentile(percentile) / 1e6 - resolutionMs
      gauge.set(Math.max(0, milliseconds) / 1000)
    }
    delay.reset()
  })
  return () => delay.disable()
}

const kinds: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weakcb',
}

function watchCollections(metrics: Metrics): () => void {
  const duration = metrics.histogram('nodejs_gc_duration_seconds', {
    help: 'Seconds that a garbage collection took, by kind.',
    labels: ['kind'],
    buckets: [0.001, 0.01, 0.1, 1],
  })
  const byKind = new Map<number, Histogram>()
  for (const [number, kind] of Object.entries(kinds)) byKind.set(Number(number), duration.labels({ kind }))
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { kind } = (entry as unknown as { readonly detail: { readonly kind: number } }).detail
      byKind.get(kind)?.observe(entry.duration / 1000)
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  return () => observer.disconnect()
}
