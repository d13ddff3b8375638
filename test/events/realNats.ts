/** A real NATS server, when there is a `nats-server` on the PATH or named by TRICUBE_TEST_NATS. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { vi } from 'vitest'
import { freePort } from '../../src/postgres/free-port.ts'

const onPath = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'].map((dir) => join(dir, 'nats-server'))

/** Its path; undefined when there is none, which is said loudly. */
export const natsBinary: string | undefined =
  process.env['TRICUBE_TEST_NATS'] || onPath.find((file) => existsSync(file))

if (!natsBinary) {
  process.stderr.write(`
!!! The tests against a real NATS are SKIPPED: no \`nats-server\` is on the PATH and TRICUBE_TEST_NATS names none.
!!! \`TRICUBE_TEST_NATS=$(node scripts/nats.mjs) npm test\` runs them with Debian's package.

`)
}

/** A running server with JetStream, whose streams survive a restart. */
export interface RealNats extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** Ends it with SIGKILL. */
  kill(): Promise<void>
  /** Starts it again, on the same port. */
  start(): Promise<void>
  /** Deletes what it has stored; it has to be down. */
  wipe(): Promise<void>
}

/** Starts a server; `config` is added to its configuration file. */
export async function realNats({ config = '', port }: { config?: string; port?: number } = {}): Promise<RealNats> {
  const folder = await mkdtemp(join(tmpdir(), 'tricube-nats-'))
  const at = port ?? (await freePort())
  const file = join(folder, 'nats.conf')
  const store = join(folder, 'store')
  await writeFile(file, `host: 127.0.0.1\nport: ${at}\njetstream { store_dir: ${JSON.stringify(store)} }\n${config}\n`)
  let child: ChildProcess
  const start = async (): Promise<void> => {
    child = spawn(natsBinary!, ['-c', file], { stdio: 'ignore' })
    await listening(at, child)
  }
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  await start()
  return {
    url: `nats://127.0.0.1:${at}`,
    port: at,
    start,
    kill,
    wipe: () => rm(store, { recursive: true, force: true }),
    async [Symbol.asyncDispose]() {
      await kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Resolves when the server greets. */
async function listening(port: number, child: ChildProcess): Promise<void> {
  await vi.waitFor(
    async () => {
      if (child.exitCode !== null) throw new Error(`nats-server ended with ${child.exitCode}`)
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'data').finally(() => socket.destroy())
    },
    { timeout: 10_000, interval: 30 },
  )
}
