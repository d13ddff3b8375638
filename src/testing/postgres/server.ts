/** The server process: started, found again, stopped. */
import { spawn, type ChildProcess } from 'node:child_process'
import { open, readFile, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { cannotRun, serverEnv, type ClusterHome } from './cluster.ts'
import { PostgresError, reasonIn } from './error.ts'
import { watchdog } from './watchdog.ts'

/** A server process that accepts connections. */
export interface Server {
  readonly pid: number
  readonly port: number
  stop(mode: 'fast' | 'immediate'): Promise<void>
}

interface LaunchOptions extends ClusterHome {
  readonly running: ServerFile | undefined
  readonly port: number | undefined
  readonly settings: Readonly<Record<string, string | number>>
}

/**
 * Starts the server on the cluster, or adopts the one that runs there.
 *
 * @throws {PostgresError} when it does not start within 60 s.
 */
export async function launch(options: LaunchOptions): Promise<Server> {
  const { pid, port } = options.running ?? (await start(options))
  const guard = watchdog(pid, options.temporary ? options.folder : undefined)
  let stopping: Promise<void> | undefined
  const stop = async (mode: 'fast' | 'immediate'): Promise<void> => {
    signal(pid, mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
    await gone(pid)
    guard.release()
  }
  return { pid, port, stop: (mode) => (stopping ??= stop(mode)) }
}

/** What a server writes about itself: https://www.postgresql.org/docs/18/storage-file-layout.html */
export interface ServerFile {
  readonly pid: number
  readonly port: number
  readonly status: string
}

/** The server that already runs on the cluster and is ready; one that is stopping is waited for. */
export async function runningServer(cluster: string): Promise<ServerFile | undefined> {
  for (;;) {
    const file = await readServerFile(cluster)
    if (!file || !isAlive(file.pid)) return undefined
    if (!(await isPostgres(file.pid))) {
      // Another program got the number of a server that was killed; PostgreSQL itself would refuse to start then.
      await rm(join(cluster, 'postmaster.pid'), { force: true })
      return undefined
    }
    if (file.status === 'ready') return file
    await delay(pollMs)
  }
}

async function start(options: LaunchOptions, attempts = 3): Promise<ServerFile> {
  const { folder, cluster, binaries, user, settings } = options
  const port = options.port ?? (await freePort())
  const all = { listen_addresses: '127.0.0.1', unix_socket_directories: '', port, ...settings }
  const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const logFile = join(folder, 'server.log')
  const log = await open(logFile, 'w')
  // In a session of its own: a terminal's Ctrl-C is for us, and we stop the server after those who use it.
  const child = spawn(binaries.postgres, ['-D', cluster, ...args], {
    ...user,
    cwd: '/',
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    env: serverEnv(),
  })
  child.unref()
  const error = await Promise.race([died(child, binaries.postgres), ready(cluster, child)]).finally(() => log.close())
  if (!error) return { pid: child.pid!, port, status: 'ready' }
  if (error.cause) throw error
  const output = await readFile(logFile, 'utf8')
  if (options.port === undefined && attempts > 1 && output.includes('Address already in use')) return start(options, attempts - 1)
  child.kill('SIGQUIT')
  throw new PostgresError(`PostgreSQL does not start: ${reasonIn(output)} (more in ${logFile})`)
}

function died(child: ChildProcess, program: string): Promise<PostgresError> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(cannotRun(program, error)))
    child.once('exit', () => resolve(new PostgresError('it exited')))
  })
}

async function ready(cluster: string, child: ChildProcess): Promise<PostgresError | undefined> {
  const until = Date.now() + startTimeoutMs
  while (child.exitCode === null && Date.now() < until) {
    const file = await readServerFile(cluster)
    if (file?.pid === child.pid && file?.status === 'ready') return undefined
    await delay(pollMs)
  }
  return new PostgresError('it took too long')
}

const startTimeoutMs = 60_000
/** pg_ctl reads the same file, every 100 ms; a start takes about 30. */
const pollMs = 5

async function readServerFile(cluster: string): Promise<ServerFile | undefined> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')
  const lines = text.split('\n')
  const [pid, port] = [Number(lines[0]), Number(lines[3])]
  return pid > 0 ? { pid, port, status: lines[7]?.trim() ?? '' } : undefined
}

/** On Linux the process's name tells; elsewhere a live number is believed. */
async function isPostgres(pid: number): Promise<boolean> {
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'postgres')
  return name.trim() === 'postgres'
}

async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await delay(pollMs)
}

function isAlive(pid: number): boolean {
  return signal(pid, 0)
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
