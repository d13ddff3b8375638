// Instances as they run in production: `tricube start`, stopped by SIGTERM.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { after } from '../lib/load.mjs'

const main = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url))
const service = fileURLToPath(new URL('service.mjs', import.meta.url))

/** Below the ports that systems give away, so that an instance finds its own free when it comes back. */
let nextPort = 20_000 + Math.floor(Math.random() * 9000)

/** Starts one and waits until it is ready; `stop()` resolves to `{ code, ms, output }`. */
export async function startInstance(port = nextPort++, env = {}) {
  const child = spawn(process.execPath, [main, 'start', service], {
    env: { ...process.env, LOG_REQUESTS: '0', NODE_ENV: 'production', PORT: String(port), ...env },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  const url = `http://127.0.0.1:${port}`
  while (!(await isReady(url))) {
    if (child.exitCode !== null) throw new Error(`an instance has ended before it was ready:\n${output}`)
    await after(20)
  }
  return {
    url,
    port,
    async stop(...signals) {
      const from = performance.now()
      const ended = once(child, 'close')
      for (const signal of signals.length > 0 ? signals : ['SIGTERM']) child.kill(signal)
      const [code] = await ended
      return { code, ms: performance.now() - from, output }
    },
  }
}

/** Whether an instance says so itself. */
export async function isReady(url) {
  return fetch(`${url}/health/ready`).then(
    async (response) => (await response.text(), response.ok),
    () => false,
  )
}
