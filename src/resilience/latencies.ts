/** Measures recent latencies by their percentiles. */
export interface Latencies {
  observe(now: number, latencyMs: number): void
  /** The latency that `percentile` of the calls stayed below, in milliseconds; undefined while too few are known. */
  percentile(now: number, percentile: number): number | undefined
}

const [perOctave, bucketCount, fewest] = [8, 8 * 24, 20] as const

/**
 * A histogram of eight buckets per octave, from 1/16 ms to 17 minutes, with an error of at most 9 %. It adds the current
 * and the last period, so that old latencies expire.
 */
export function latencies({ periodMs = 10_000 }: { readonly periodMs?: number } = {}): Latencies {
  let current = new Float64Array(bucketCount)
  let previous = new Float64Array(bucketCount)
  let count = 0
  let previousCount = 0
  let period = 0

  return {
    observe(now, latencyMs) {
      turn(now)
      const bucket = Math.round(perOctave * Math.log2(Math.max(latencyMs, 1 / 16) * 16))
      current[Math.min(bucket, bucketCount - 1)]! += 1
      count += 1
    },
    percentile(now, percentile) {
      turn(now)
      const all = count + previousCount
      if (all < fewest) return undefined
      let left = (all * percentile) / 100
      for (let bucket = 0; bucket < bucketCount; bucket++) {
        left -= current[bucket]! + previous[bucket]!
        if (left <= 0) return 2 ** (bucket / perOctave) / 16
      }
      return undefined
    },
  }

  function turn(now: number): void {
    const at = Math.floor(now / periodMs)
    if (at === period) return
    const isNext = at === period + 1
    previous = isNext ? current : new Float64Array(bucketCount)
    previousCount = isNext ? count : 0
    current = new Float64Array(bucketCount)
    count = 0
    period = at
  }
}

/** Measures nothing. */
export const noLatencies: Latencies = { observe() {}, percentile: () => undefined }
