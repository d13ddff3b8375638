// What carries the events: the feed of the publisher, or a broker.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { faultProxy } from 'tricube/testing'
import { after } from '../lib/load.mjs'

/** Each resolves to the variables of the services and, of a broker, what kills it and starts it again, and the proxy before it. */
export const transports = {
  feed: async () => ({ env: {}, close: async () => {} }),
  nats: startNats,
}

async function startNats() {
  const program = process.env.TRICUBE_TEST_NATS ?? 'nats-server'
  execFileSync(program, ['--version']) // says what is missing
  const folder = await mkdtemp(join(tmpdir(), 'tricube-nats-'))
  const port = 19_000 + Math.floor(Math.random() * 900)
  let child = await begin()
  const proxy = await faultProxy({ target: `nats://127.0.0.1:${port}` })
  return {
    env: { EVENTS_URL: proxy.url },
    proxy,
    async kill() {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
      await after(Math.random() * 2000)
      child = await begin()
    },
    async close() {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
      await proxy.close()
      await rm(folder, { recursive: true })
    },
  }

  async function begin() {
    const args = ['--jetstream', '--store_dir', folder, '--addr', '127.0.0.1', '--port', String(port)]
    const started = spawn(program, args, { stdio: 'ignore' })
    for (;;) {
      const socket = connect(port, '127.0.0.1')
      const isThere = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error')]).catch(
        () => false,
      )
      socket.destroy()
      if (isThere === true) return started
      await after(50)
    }
  }
}
