/** What the tests' poolers have in common: a program, found and started in front of a server. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { freePort } from '../../../src/postgres/free-port.ts'
import { until } from '../../until.ts'

/** A running pooler. */
export interface Pooler extends AsyncDisposable {
  /** The URL of the same database behind it. */
  behind(url: string): string
}

/** What to start, once its port and its folder are known. */
export interface PoolerProcess {
  readonly files: Readonly<Record<string, string>>
  readonly args: readonly string[]
  /** What ends it at once, clients or not. */
  readonly stop: NodeJS.Signals
  /** Whether it changes its user by itself. Otherwise it runs as the user nobody: PgBouncer does not run as root. */
  readonly changesUser?: boolean
}

/** A program's path: what the variable names, else on the PATH. Undefined when there is none, which is said loudly. */
export function findPooler(name: string, variable: string): string | undefined {
  const places = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'].map((folder) => join(folder, name))
  const binary = process.env[variable] || places.find((file) => existsSync(file))
  if (!binary) {
    process.stderr.write(`
!!! The tests behind a real ${name} are SKIPPED: none is on the PATH and ${variable} names none.
!!! \`${variable}=$(node scripts/${name}.mjs) npm test\` runs them with Debian's package.

`)
  }
  return binary
}

/** Starts a pooler on a free port. */
export async function startPoolerProcess(
  binary: string,
  plan: (place: { readonly port: number; readonly folder: string }) => PoolerProcess,
): Promise<Pooler> {
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'tricube-pooler-'))
  await chmod(folder, 0o777)
  const { files, args, stop, changesUser = false } = plan({ port, folder })
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  const unprivileged = process.getuid?.() === 0 && !changesUser ? { uid: 65_534, gid: 65_534 } : {}
  let child: ChildProcess
  let isEnding = false
  const start = (): void => {
    let lastLines = ''
    child = spawn(binary, args, { stdio: ['ignore', 'ignore', 'pipe'], ...unprivileged })
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (lastLines = (lastLines + text).slice(-2000)))
    child.once('exit', (code, signal) => {
      if (isEnding) return
      process.stderr.write(
        `\n!!! ${binary} has exited by itself (${signal ?? code}), and is started again:\n${lastLines}\n`,
      )
      start()
    })
  }
  start()
  const end = async (): Promise<void> => {
    isEnding = true
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(stop)
      await once(child, 'exit')
    }
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await listens(port, binary)
  } catch (error) {
    await end()
    throw error
  }
  return {
    behind: (url) => {
      const behind = new URL(url)
      behind.port = String(port)
      return behind.href
    },
    [Symbol.asyncDispose]: end,
  }
}

async function listens(port: number, binary: string): Promise<void> {
  const isOpen = async (): Promise<boolean> => {
    const socket = connect(port, '127.0.0.1')
    try {
      return await new Promise<boolean>((resolve) => {
        socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      })
    } finally {
      socket.destroy()
    }
  }
  await until(isOpen, { what: `${binary} listens on ${port}` })
}
