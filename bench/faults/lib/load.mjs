// Calls at a fixed rate, whether or not responses come (open loop), and their results.

/** Starts `call(n)` so many times a second for so many seconds; resolves to one `{ at, ms, error }` for each. */
export async function load(rate, seconds, call) {
  const results = []
  const from = performance.now()
  await new Promise((resolve) => {
    let started = 0
    let ended = 0
    const timer = setInterval(() => {
      const due = Math.min(rate * seconds, ((performance.now() - from) * rate) / 1000)
      while (started < due) begin(started++)
    }, 5)
    async function begin(n) {
      const at = performance.now()
      let error
      try {
        await call(n)
      } catch (thrown) {
        error = thrown
      }
      results[n] = { at, ms: performance.now() - at, error }
      if (++ended < rate * seconds) return
      clearInterval(timer)
      resolve()
    }
  })
  return results
}

export const after = (ms, what) => new Promise((resolve) => setTimeout(() => resolve(what?.()), ms))
export const failed = (results) => results.filter(({ error }) => error)

export function percentile(results, percent) {
  const sorted = results.map(({ ms }) => ms).sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))]
}

export const percent = (share) => `${(share * 100).toFixed(2)} %`
export const milliseconds = (value) => `${value.toFixed(0)} ms`
