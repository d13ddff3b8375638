// Starts, hurts and ends instances.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const file = fileURLToPath(new URL('instance.mjs', import.meta.url))

/** Below the ports that systems give away: nobody takes over the port of an instance that was killed. */
let nextPort = 20_000 + Math.floor(Math.random() * 9000)

/** Starts one; `ran` collects what it ran, `onMessage` hears the rest. */
export async function startInstance(env = {}) {
  const common = { LOG_LEVEL: 'silent', NODE_ENV: 'production', PORT: String(nextPort++) }
  const child = fork(file, { env: { ...process.env, ...common, ...env } })
  const instance = {
    child,
    ran: [],
    onMessage: () => {},
    address: '',
    tell: (mode) => child.send(mode),
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
  const listening = new Promise((resolve, reject) => {
    child.on('exit', () => reject(new Error('an instance has ended before it listened')))
    child.on('message', (message) => {
      if (message.ran !== undefined) instance.ran.push(message.ran)
      else if (message.listening) resolve(message.listening)
      else instance.onMessage(message)
    })
  })
  listening.catch(() => {})
  instance.address = await listening
  return instance
}

/** Starts several at a time. */
export function startInstances(count, env) {
  return Promise.all(Array.from({ length: count }, () => startInstance(env)))
}

export const portOf = ({ address }) => Number(address.split(':')[1])
