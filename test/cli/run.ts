/** Runs the built `tricube` as a user does. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { built } from '../built.ts'

const main = fileURLToPath(built('cli/main.js'))

export interface Run {
  readonly pid: number
  /** Everything it printed until now, standard error included. */
  output(): string
  /** Waits until it printed this text (again, after `from` characters); rejects when it ends before. */
  printed(text: string | RegExp, from?: number): Promise<void>
  /** Sends a signal to it alone. */
  signal(name: NodeJS.Signals): void
  /** Its exit code and what it printed, once it has ended. */
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
}

/** Starts `tricube` with these arguments; it is killed when the test ends. */
export function tricube(args: string[], { cwd, env }: RunOptions = {}): Run {
  const {
    DATABASE_URL: _url,
    TRICUBE_TEST_DATABASE_URL: _test,
    NODE_ENV: _env,
    VITEST: _vitest,
    ...inherited
  } = process.env
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr, output] = ['', '', '']
  child.stdout
    .setEncoding('utf8')
    .on('data', (text: string) => ((stdout += text), (output += text), child.emit('output')))
  child.stderr
    .setEncoding('utf8')
    .on('data', (text: string) => ((stderr += text), (output += text), child.emit('output')))
  let over = false
  const ended = once(child, 'close').then(([code]) => {
    over = true
    child.emit('output')
    return { code: code as number | null, stdout, stderr }
  })
  onTestFinished(async () => {
    child.kill('SIGTERM')
    await ended
  })
  const printed = async (text: string | RegExp, from = 0): Promise<void> => {
    const seen = (): boolean => (typeof text === 'string' ? output.includes(text, from) : text.test(output.slice(from)))
    while (!seen()) {
      if (over) throw new Error(`it ended without printing ${String(text)}:\n${output}`)
      await once(child, 'output')
    }
  }
  return { pid: child.pid!, output: () => output, printed, signal: (name) => void child.kill(name), ended }
}

/** Makes a folder with these files, deleted when the test ends. */
export async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tricube-cli-'))
  await chmod(folder, 0o755) // run as root, PostgreSQL's own user must get in
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  return folder
}

/** The source of a service whose responses are its process ID and environment, and the number of rows in `things`. */
export function serviceSource({ name = 'alpha-service', port = 0, database = false, extra = '' }): string {
  return `
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
const pg = createRequire(${JSON.stringify(import.meta.url)})('pg')
let server
export default {
  name: '${name}',
  port: ${port},
  usesDatabase: ${database},
  migrations: ${database} ? new URL('migrations/', import.meta.url) : undefined,
  seed: ${database} ? new URL('seed.sql', import.meta.url) : undefined,
  async listen() {
    const { PORT = ${port}, HOST = '127.0.0.1', DATABASE_URL, CONSUL_HTTP_ADDR, NODE_ENV } = process.env
    server = createServer(async (request, response) => {
      console.log(JSON.stringify({ level: 30, time: Date.now(), msg: 'request', path: request.url }))
      if (request.url === '/die') process.exit(7)
      let things
      if (DATABASE_URL) {
        const client = new pg.Client(DATABASE_URL)
        await client.connect()
        things = (await client.query('SELECT count(*)::int AS n FROM things')).rows[0].n
        await client.end()
      }
      response.end(JSON.stringify({ pid: process.pid, things, DATABASE_URL, CONSUL_HTTP_ADDR, NODE_ENV }))
    })
    await new Promise((resolve, reject) => server.once('error', reject).listen({ port: Number(PORT), host: HOST }, resolve))
    return { url: 'http://127.0.0.1:' + server.address().port }
  },
  async close() {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  },
}
${extra}
`
}

/** The response of a service of `serviceSource`. */
export interface ProcessState {
  readonly pid: number
  readonly things?: number
  readonly DATABASE_URL?: string
  readonly CONSUL_HTTP_ADDR?: string
  readonly NODE_ENV?: string
}

export async function ask(url: string): Promise<ProcessState> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5000) })
  return (await response.json()) as ProcessState
}

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Free ports of 127.0.0.1. */
export function freePorts(count: number): Promise<number[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      await new Promise((done) => server.close(done))
      return port
    }),
  )
}
