// A process under test: forked, queried, harmed and ended.
import { fork } from 'node:child_process'
import { once } from 'node:events'

/** Below the ports that systems give away: nobody takes over the port of a process that was killed. */
let nextPort = 20_000 + Math.floor(Math.random() * 9000)

/**
 * Forks a module that sends `{ listening: 'host:port' }` or `{ url }` once it listens, and exits when its parent is gone.
 * `onMessage` hears whatever else it sends. PORT and LOG_LEVEL are set unless `env` does.
 */
export async function startChild(file, { args = [], execArgv = [], env = {}, onMessage = () => {} } = {}) {
  const common = { LOG_LEVEL: 'silent', NODE_ENV: 'production', PORT: String(nextPort++) }
  const child = fork(file, args, { execArgv, env: { ...process.env, ...common, ...env } })
  const started = {
    child,
    onMessage,
    address: '',
    tell: (message) => child.send(message),
    /** Its process has ended; resolves to the exit code, null after a signal. */
    ended: once(child, 'exit').then(([code]) => code),
    async kill(signal = 'SIGKILL') {
      child.kill(signal)
      return started.ended
    },
  }
  started.address = await new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error(`${file} has ended before it listened`)))
    child.on('message', (message) => {
      if (message.listening ?? message.url) resolve(message.listening ?? new URL(message.url).host)
      else started.onMessage(message)
    })
  })
  return started
}

/** The port that a child listens on. */
export const portOf = ({ address }) => Number(address.split(':')[1])
