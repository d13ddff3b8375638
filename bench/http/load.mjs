/** Loads a server as fast as it responds, over persistent connections, with wrk where it is installed, or autocannon. */
import { execFile, execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const connections = 64
const script = fileURLToPath(new URL('wrk.lua', import.meta.url))

/** The tool that is used and its version. */
export const tool = wrkVersion() ?? 'autocannon'

/**
 * Resolves to `{ requests, failed, seconds, p50Ms, p99Ms }`: `requests` had a response of 2xx, `failed` had none.
 *
 * @throws when all of them failed
 */
export async function load(url, work, seconds) {
  const found = await (tool === 'autocannon' ? byAutocannon : byWrk)(url, work, seconds)
  if (found.requests === 0) throw new Error(`all of ${found.failed} requests to ${url} failed`)
  return found
}

/** Until the compilers have seen enough of it, or thirty times as long as a turn. */
export async function warmUp(url, work, seconds) {
  const enough = 30_000
  for (let sent = 0, i = 0; sent < enough && i < 30; i++) sent += (await load(url, work, seconds)).requests
}

/** Until it is no faster than before, or five times as long as a turn. */
export async function warmAgain(url, work, seconds) {
  const faster = 1.05
  for (let before = 0, i = 0; i < 5; i++) {
    const { requests } = await load(url, work, seconds)
    if (requests < before * faster) return
    before = requests
  }
}

async function byWrk(url, { method, path, body = '' }, seconds) {
  const options = [
    '--threads=1',
    '--timeout=10s',
    `--connections=${connections}`,
    `--duration=${seconds}s`,
    `--script=${script}`,
  ]
  const { stdout } = await run('wrk', [...options, url, '--', method, path, body])
  const { requests: all, failed, ...found } = JSON.parse(stdout.slice(stdout.indexOf('{')))
  return { ...found, requests: Math.max(0, all - failed), failed }
}

async function byAutocannon(url, { method, path, body }, seconds) {
  const { default: autocannon } = await import('autocannon')
  const headers = body && { 'content-type': 'application/json' }
  const requests = Array.from({ length: 100 }, (_, i) => ({
    method,
    path: path.replace('%d', 1 + i * 9),
    body,
    headers,
  }))
  const result = await autocannon({ url, connections, duration: seconds, requests })
  return {
    requests: result['2xx'],
    seconds: result.duration,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    failed: result.non2xx + result.errors + result.timeouts,
  }
}

/** wrk prints its version together with its usage, and then fails. */
function wrkVersion() {
  try {
    execFileSync('wrk', ['--version'], { encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    return /^wrk \S+/.exec(error.stdout ?? '')?.[0]
  }
  return undefined
}
