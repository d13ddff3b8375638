/** A real PgBouncer, when there is one on the PATH or named by TRICUBE_TEST_PGBOUNCER. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

const places = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'].map((folder) => join(folder, 'pgbouncer'))

/** Its path; undefined when there is none, which is said loudly. */
export const pgbouncerBinary: string | undefined =
  process.env['TRICUBE_TEST_PGBOUNCER'] || places.find((file) => existsSync(file))

if (!pgbouncerBinary) {
  process.stderr.write(`
!!! The tests behind a real PgBouncer are SKIPPED: none is on the PATH and TRICUBE_TEST_PGBOUNCER names none.
!!! \`TRICUBE_TEST_PGBOUNCER=$(node scripts/pgbouncer.mjs) npm test\` runs them with Debian's package.

`)
}

/** A running PgBouncer. */
export interface Pgbouncer extends AsyncDisposable {
  /** The URL of the same database behind it. */
  behind(url: string): string
}

/**
 * Starts a PgBouncer in front of a server. Unlike the default it takes the server connection that was used longest ago,
 * so that each transaction meets another one.
 */
export async function startPgbouncer(
  serverUrl: string,
  settings: Readonly<Record<string, string>>,
): Promise<Pgbouncer> {
  const server = new URL(serverUrl)
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'tricube-pgbouncer-'))
  await chmod(folder, 0o755)
  const all = {
    listen_addr: '127.0.0.1',
    listen_port: String(port),
    unix_socket_dir: '',
    auth_type: 'any',
    server_round_robin: '1',
    default_pool_size: '20',
    max_client_conn: '1000',
    ...settings,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`)
  const target = `* = host=${server.hostname} port=${server.port} user=${server.username} password=${server.password}`
  await writeFile(join(folder, 'pgbouncer.ini'), ['[databases]', target, '[pgbouncer]', ...lines, ''].join('\n'))
  const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  const child = spawn(pgbouncerBinary!, ['-q', join(folder, 'pgbouncer.ini')], { stdio: 'ignore', ...nobody })
  await listens(port)
  return {
    behind: (url) => {
      const behind = new URL(url)
      behind.port = String(port)
      return behind.href
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function listens(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    })
    socket.destroy()
    if (isOpen) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`PgBouncer does not listen on ${port}`)
}
