/** A real Redis, when there is a `redis-server` on the PATH or named by TRICUBE_TEST_REDIS. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { onTestFinished, vi } from 'vitest'

const onPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'redis-server'))

/** Its path; undefined when there is none, which is said loudly. */
export const redisBinary: string | undefined =
  process.env['TRICUBE_TEST_REDIS'] || onPath.find((file) => existsSync(file))

if (!redisBinary) {
  process.stderr.write(`
!!! The tests against a real Redis are SKIPPED: no \`redis-server\` is on the PATH and TRICUBE_TEST_REDIS names none.
!!! \`TRICUBE_TEST_REDIS=$(node scripts/redis.mjs) npm test\` runs them with Debian's package.

`)
}

/** A running server on a Unix socket; it keeps nothing on disk. */
export interface RealRedis {
  /** Sends a command, over one connection; an integer, a text, a list or null comes back. */
  command(...words: string[]): Promise<unknown>
  eval(script: string, keys: string[], args: string[]): Promise<unknown>
  /** Stops responding and keeps its connections. */
  freeze(): void
  thaw(): void
}

/** Starts a server, stopped when the test ends. */
export async function realRedis(): Promise<RealRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'tricube-redis-'))
  const path = join(folder, 'redis.sock')
  const options = ['--port', '0', '--unixsocket', path, '--save', '', '--appendonly', 'no', '--dir', folder]
  const child: ChildProcess = spawn(redisBinary!, options, { stdio: 'ignore' })
  let client: Client | undefined
  onTestFinished(async () => {
    client?.end()
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    await rm(folder, { recursive: true, force: true })
  })
  await vi.waitFor(async () => (client = await Client.open(path)), 10_000)
  const command = (...words: string[]): Promise<unknown> => client!.send(words)
  return {
    command,
    eval: (script, keys, args) => command('EVAL', script, String(keys.length), ...keys, ...args),
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
  }
}

/** As much of https://redis.io/docs/latest/develop/reference/protocol-spec/ as a test needs. */
class Client {
  readonly #socket: Socket
  readonly #waiting: { resolve(value: unknown): void; reject(error: Error): void }[] = []
  #received = ''

  static async open(path: string): Promise<Client> {
    const socket = connect(path)
    await once(socket, 'connect')
    return new Client(socket)
  }

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      this.#received += chunk
      this.#read()
    })
  }

  send(words: readonly string[]): Promise<unknown> {
    const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
    this.#socket.write(`*${words.length}\r\n${parts.join('')}`)
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  end(): void {
    this.#socket.destroy()
  }

  #read(): void {
    for (let reply = parse(this.#received, 0); reply; reply = parse(this.#received, 0)) {
      this.#received = this.#received.slice(reply.end)
      const waiting = this.#waiting.shift()!
      if (reply.value instanceof Error) waiting.reject(reply.value)
      else waiting.resolve(reply.value)
    }
  }
}

/** Parses the reply at an offset. Returns undefined when it is incomplete. */
function parse(text: string, start: number): { value: unknown; end: number } | undefined {
  const lineEnd = text.indexOf('\r\n', start)
  if (lineEnd < 0) return undefined
  const [kind, line, end] = [text[start], text.slice(start + 1, lineEnd), lineEnd + 2]
  if (kind === ':') return { value: Number(line), end }
  if (kind === '+') return { value: line, end }
  if (kind === '-') return { value: new Error(line), end }
  const length = Number(line)
  if (length < 0) return { value: null, end }
  if (kind === '$') {
    const whole = end + length + 2
    return text.length < whole ? undefined : { value: text.slice(end, end + length), end: whole }
  }
  const values: unknown[] = []
  let at = end
  while (values.length < length) {
    const item = parse(text, at)
    if (!item) return undefined
    values.push(item.value)
    at = item.end
  }
  return { value: values, end: at }
}
