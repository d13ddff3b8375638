// Calls at a fixed rate, whether or not they are answered (open loop), and what became of them.
import diagnostics from 'node:diagnostics_channel'

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

/** What this process sends, by the callee's port, as undici itself tells it. */
export function watchSending() {
  const sending = { inFlight: new Map(), attempts: [] }
  const ports = new WeakMap()
  const add = (port, count) => sending.inFlight.set(port, (sending.inFlight.get(port) ?? 0) + count)
  const waiting = new Map()
  const end = ({ request, error }) => {
    const port = ports.get(request)
    if (port === undefined) return
    if (error) waiting.get(port)?.(sending.inFlight.get(port))
    ports.delete(request)
    add(port, -1)
  }
  /** How many were on their way to a port when the first of them was seen to fail. */
  sending.inFlightAtNextError = (port) => new Promise((resolve) => waiting.set(port, resolve))
  const subscriptions = {
    'undici:client:sendHeaders': ({ request, socket }) => {
      ports.set(request, socket.remotePort)
      add(socket.remotePort, 1)
      sending.attempts.push({ at: performance.now(), port: socket.remotePort })
    },
    'undici:client:connectError': ({ connectParams }) =>
      sending.attempts.push({ at: performance.now(), port: Number(connectParams.port) }),
    'undici:request:trailers': end,
    'undici:request:error': end,
  }
  for (const [name, listener] of Object.entries(subscriptions)) diagnostics.subscribe(name, listener)
  sending.stop = () => {
    for (const [name, listener] of Object.entries(subscriptions)) diagnostics.unsubscribe(name, listener)
  }
  return sending
}
