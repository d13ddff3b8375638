import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { ownProgram } from '../../load/own.ts'
import { runnable } from '../../load/load.ts'
import { failureLine } from '../failure.ts'
import type { ListeningMessage } from '../start/fork.ts'
import type { PlannedService } from './plan.ts'
import type { Screen } from './screen.ts'

/** The environment of services under development, unless you set it: cookies are signed by a secret that everyone knows. */
const ofDevelopment = { NODE_ENV: 'development', COOKIE_SECRETS: 'for development only: everyone knows it' }

/** What a service's process does at the moment. */
export type ProcessStatus = 'starting' | 'ready' | 'stopped' | 'failed'

/** A service's child process. It can be restarted; its output goes to the screen. */
export class ServiceProcess {
  service: PlannedService
  /** The URL that it listens on; undefined while it does not run. */
  url: string | undefined
  /** What it does, since when (in milliseconds since 1970), and how it ended. */
  status: ProcessStatus = 'stopped'
  sinceMs: number = Date.now()
  ending: string | undefined
  /** One line that says why the database is not up to date; undefined when it is. */
  problem: string | undefined
  readonly #env: NodeJS.ProcessEnv
  readonly #screen: Screen
  #child: ChildProcess | undefined
  #starting: Promise<void> | undefined
  #ended: Promise<void> = Promise.resolve()
  #stops = 0
  #stopping = false
  #lastLines: string[] = []
  #closed = false
  /** When each of its files was changed last before it was started. */
  #changes: ReadonlyMap<string, number> = new Map()

  constructor(service: PlannedService, env: NodeJS.ProcessEnv, screen: Screen) {
    this.service = service
    this.#env = env
    this.#screen = screen
    screen.add(service.name)
  }

  /** The process's id; undefined while it does not run. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** The variables that it starts with. */
  get env(): NodeJS.ProcessEnv {
    const { host, port } = this.service
    return { ...ofDevelopment, ...process.env, ...this.#env, HOST: host, PORT: String(port) }
  }

  /** Whether a file has changed since the start. A change may be reported more than once, and late. */
  hasChanged(path: string): boolean {
    return this.#changes.get(path) !== changeOf(path)
  }

  /** The end of its output. */
  get lastLines(): readonly string[] {
    return this.#lastLines
  }

  /** Starts the process, unless it runs, and resolves when it listens or has exited. Failures are printed. */
  start(): Promise<void> {
    const starting = (this.#starting ??= this.#start().finally(() => (this.#starting = undefined)))
    return starting
  }

  async #start(): Promise<void> {
    if (this.#closed || this.#child) return
    const { name, file, files } = this.service
    this.#changes = new Map([file, ...files].map((path) => [path, changeOf(path)]))
    const stops = this.#stops
    this.#become('starting')
    const compiled = await runnable(file).catch((error: unknown) => {
      this.#become('failed', failureLine(error))
      this.#screen.warn(`${name}: ${failureLine(error)}; fix it and save to start it again`)
    })
    if (compiled === undefined || this.#closed) return
    if (stops !== this.#stops) return this.#become('stopped')
    // A new process group: a terminal's Ctrl-C must reach only dev, which stops the services in order.
    const child = spawn(
      process.execPath,
      [smallHeap, sourceMaps, ownProgram('main'), 'start', file, '--compiled', compiled],
      {
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        env: this.env,
      },
    )
    this.#child = child
    this.#stopping = false
    this.#lastLines = []
    this.#follow(child.stdout!)
    this.#follow(child.stderr!)
    const listening = new Promise<void>((resolve) => {
      child.once('message', ({ url }: ListeningMessage) => {
        this.url = url
        this.#become('ready')
        resolve()
      })
    })
    // Its own child processes end with it. `close` comes after the last line of output.
    child.once('exit', () => killGroup(child, 'SIGKILL'))
    this.#ended = once(child, 'close').then(([code, signal]) => this.#onEnd(code as number, signal as string | null))
    await Promise.race([listening, this.#ended])
  }

  /** Sends SIGTERM, and SIGKILL if the process still runs after 10 s. */
  async stop(): Promise<void> {
    this.#stops++
    const timer = setTimeout(() => this.kill(), stopTimeoutMs)
    if (!this.#stopping) this.#child?.kill('SIGTERM')
    this.#stopping = true
    await this.#starting
    await this.#ended
    clearTimeout(timer)
  }

  /** Stops the process and ignores later calls of `start`. */
  async close(): Promise<void> {
    this.#closed = true
    await this.stop()
  }

  /** Kills the process and its child processes. */
  kill(): void {
    if (this.#child) killGroup(this.#child, 'SIGKILL')
  }

  #become(status: ProcessStatus, ending?: string): void {
    this.status = status
    this.sinceMs = Date.now()
    this.ending = ending
  }

  #follow(stream: Readable): void {
    createInterface({ input: stream }).on('line', (line) => {
      this.#lastLines = [...this.#lastLines.slice(1 - maxLastLines), line]
      this.#screen.log(this.service.name, line)
    })
  }

  #onEnd(code: number | null, signal: string | null): void {
    this.#child = undefined
    this.url = undefined
    if (this.#stopping) return this.#become('stopped')
    const how = signal ? `was killed by ${signal}` : `exited with code ${code}`
    this.#become('failed', how)
    this.#screen.warn(`${this.service.name} ${how}; fix it and save to start it again`, this.#lastLines)
  }
}

/** Returns when a file was changed last, by the clock of its file system; NaN, which equals nothing, if it is missing. */
function changeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.ctimeMs ?? Number.NaN
}

/** V8's young generation, in MB. Saves 15 MB per service on a developer's machine, at a small cost in speed. */
const smallHeap = '--max-semi-space-size=2'
/** Stack traces show lines of the user's source, not of the compiled file. */
const sourceMaps = '--enable-source-maps'
const maxLastLines = 10
const stopTimeoutMs = 10_000

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-child.pid!, signal)
  } catch {
    child.kill(signal) // Windows has no groups
  }
}
