/** The server process: started or adopted, and stopped. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { cannotRun, serverEnv, type ClusterHome } from './cluster.ts'
import { PostgresError, reasonIn } from './error.ts'
import { freePort } from './free-port.ts'
import { isServing, patienceMs, pollMs, readServerFile, type ServerFile } from './server-file.ts'
import { watchdog } from './watchdog.ts'

/** A server process that accepts connections. */
export interface Server {
  readonly pid: number
  readonly port: number
  /** Resolves when the process has ended, for any reason. It does not keep this process alive. */
  exited(): Promise<void>
  stop(mode: 'fast' | 'immediate'): Promise<void>
}

interface LaunchOptions extends ClusterHome {
  /** The server that already runs on the cluster. */
  readonly running: ServerFile | undefined
  readonly port: number | undefined
  readonly settings: Readonly<Record<string, string | number>>
}

/**
 * Starts the server on a cluster, or adopts the one that runs there.
 *
 * @throws {PostgresError} when it does not start within 60 s.
 */
export async function launch(options: LaunchOptions): Promise<Server> {
  const { cluster, folder, temporary, running } = options
  const { pid, port, ended, exited } = running ? adopt(running, cluster) : await start(options)
  const guard = watchdog(pid, cluster, temporary ? folder : undefined)
  let stopping: Promise<void> | undefined
  const stop = async (mode: 'fast' | 'immediate'): Promise<void> => {
    const wait = ended()
    if (await isServing(pid, cluster)) process.kill(pid, mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
    await wait
    guard.release()
  }
  return { pid, port, exited, stop: (mode) => (stopping ??= stop(mode)) }
}

interface Started {
  readonly pid: number
  readonly port: number
  /** Resolves when the process has ended. */
  readonly ended: () => Promise<unknown>
  /** Resolves then too, but does not keep this process alive. */
  readonly exited: () => Promise<void>
}

function adopt({ pid, port }: ServerFile, cluster: string): Started {
  const ended = async (): Promise<void> => {
    while (await isServing(pid, cluster)) await delay(pollMs)
  }
  const exited = async (): Promise<void> => {
    while (await isServing(pid, cluster)) await delay(watchMs, undefined, { ref: false })
  }
  return { pid, port, ended, exited }
}

/** Milliseconds between two looks at an adopted server, which is no child of this process. */
const watchMs = 500

async function start(options: LaunchOptions, attempts = 3): Promise<Started> {
  const { folder, cluster, binaries, user, settings, temporary } = options
  const port = options.port ?? (await freePort())
  const all = { listen_addresses: '127.0.0.1', unix_socket_directories: '', port, ...settings }
  const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const logFile = join(folder, 'server.log')
  await rm(logFile, { force: true })
  const log = await open(logFile, 'wx')
  // In its own session: Ctrl-C in a terminal is for this process, which stops the server after its users.
  const child = spawn(binaries.postgres, ['-D', cluster, ...args], {
    ...user,
    cwd: '/',
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    env: serverEnv(),
  })
  const failed = await Promise.race([died(child, binaries.postgres), ready(cluster, child)]).finally(
    () => void log.close(),
  )
  if (!failed) {
    child.unref() // so that a program that forgets to stop the server can end
    return { pid: child.pid!, port, ended: () => exitOf(child), exited: () => afterExit(child) }
  }
  if (failed.cause) throw failed
  child.kill('SIGQUIT')
  const output = await readFile(logFile, 'utf8')
  const portTaken = output.includes('Address already in use')
  if (portTaken && options.port === undefined && attempts > 1) return start(options, attempts - 1)
  const reason = portTaken ? `port ${port} is taken` : reasonIn(output)
  throw new PostgresError(`PostgreSQL does not start: ${reason}${temporary ? '' : ` (more in ${logFile})`}`)
}

async function exitOf(child: ChildProcess): Promise<void> {
  const exited = afterExit(child)
  if (child.exitCode === null && child.signalCode === null) child.ref()
  await exited
}

async function afterExit(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

function died(child: ChildProcess, program: string): Promise<PostgresError> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(cannotRun(program, error)))
    child.once('exit', () => resolve(new PostgresError('it exited')))
  })
}

async function ready(cluster: string, child: ChildProcess): Promise<PostgresError | undefined> {
  for (const until = Date.now() + patienceMs; Date.now() < until && child.exitCode === null; await delay(pollMs)) {
    const file = await readServerFile(cluster)
    if (file?.pid === child.pid && file?.status === 'ready') return undefined
  }
  return new PostgresError('it did not become ready in time')
}
