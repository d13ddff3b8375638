import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('cli/main.js', import.meta.resolve('tricube')))
const service = fileURLToPath(new URL('service.mjs', import.meta.url))

/** Runs the service with so many workers; `said` resolves when its log says this. */
export async function startWorkers(count, env = {}) {
  const child = spawn(process.execPath, [main, 'start', service, '--workers', String(count)], {
    env: { ...process.env, NODE_ENV: 'production', LOG_REQUESTS: '0', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const lines = createInterface({ input: child.stdout })
  const [{ url }] = await once(child, 'message')
  return {
    port: Number(new URL(url).port),
    signal: (name) => child.kill(name),
    said: (text) =>
      new Promise((resolve) => {
        lines.on('line', (line) => line.includes(text) && resolve())
      }),
    async stop() {
      child.kill('SIGTERM')
      const [code] = await once(child, 'exit')
      return code
    },
  }
}
