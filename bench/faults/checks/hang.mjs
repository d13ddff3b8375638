// A handler that hangs keeps a process from stopping for as long as the limit says, and no longer.
import { startInstance } from '../drain/instance.mjs'

export const number = 4
export const title = 'a handler that hangs'

const timeoutMs = 2000
/** The wait before it, and 3 s for all the rest. */
const limitMs = 1500 + timeoutMs + 3000

export async function run() {
  const hung = await stopWhileHanging('SIGTERM')
  const names = /"type":"DrainError".*"inFlight":\{"hang":\[\d+,\d+\]\}/.test(hung.output)
  const forced = await stopWhileHanging('SIGTERM', 'SIGINT')
  return [
    ['it ends after', `${Math.round(hung.ms)} ms`, `${limitMs} ms`, hung.ms >= timeoutMs && hung.ms <= limitMs],
    ['its exit code', String(hung.code), '1', hung.code === 1],
    ['its log names both requests and their ages', names ? 'yes' : 'no', 'yes', names],
    ['at a second signal it ends after', `${Math.round(forced.ms)} ms`, '1000 ms', forced.ms <= 1000],
    ['its exit code then', String(forced.code), '1', forced.code === 1],
  ]
}

async function stopWhileHanging(...signals) {
  const instance = await startInstance(undefined, { DRAIN_TIMEOUT_MS: String(timeoutMs) })
  const calls = [1, 2].map(() => fetch(`${instance.url}/hang`).catch(() => {}))
  while ((await inFlight(instance.url)) < 2);
  const stopped = await instance.stop(...signals)
  await Promise.all(calls)
  return stopped
}

/** As `/metrics` has it, without the one that asks. */
async function inFlight(url) {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(/^http_server_active_requests (\d+)$/m.exec(text)[1]) - 1
}
