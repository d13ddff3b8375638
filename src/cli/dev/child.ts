import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { ownProgram } from '../../load/own.ts'
import { runnable } from '../../load/load.ts'
import { failureLine } from '../failure.ts'
import type { ListeningMessage } from '../start/fork.ts'
import type { PlannedService } from './plan.ts'
import type { Screen } from './screen.ts'

/** A service as a process of its own: started, stopped, started again; its output goes to the screen. */
export class ServiceProcess {
  service: PlannedService
  /** Where it listens; undefined while it does not. */
  url: string | undefined
  /** Why its database is not up to date, on one line; undefined when it is. */
  problem: string | undefined
  readonly #env: NodeJS.ProcessEnv
  readonly #screen: Screen
  #child: ChildProcess | undefined
  #ended: Promise<void> = Promise.resolve()
  #stopping = false
  #lastLines: string[] = []
  #closed = false

  constructor(service: PlannedService, env: NodeJS.ProcessEnv, screen: Screen) {
    this.service = service
    this.#env = env
    this.#screen = screen
    screen.add(service.name)
  }

  /** Starts it and waits until it listens or has died; either is told on the screen. */
  async start(): Promise<void> {
    if (this.#closed) return
    const { name, file, host, port } = this.service
    const compiled = await runnable(file).catch((error: unknown) => {
      this.#screen.warn(`${name}: ${failureLine(error)}; it starts again on the next change`)
    })
    if (compiled === undefined || this.#closed) return
    // In a process group of its own: a terminal's Ctrl-C is for dev, which stops the services in order.
    const child = spawn(
      process.execPath,
      [smallHeap, sourceMaps, ownProgram('main'), 'start', file, '--compiled', compiled],
      {
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        env: { NODE_ENV: 'development', ...process.env, ...this.#env, HOST: host, PORT: String(port) },
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
        resolve()
      })
    })
    // Whatever it started ends with it; `close` comes after the last line of output.
    child.once('exit', () => killGroup(child, 'SIGKILL'))
    this.#ended = once(child, 'close').then(([code, signal]) => this.#onEnd(code as number, signal as string | null))
    await Promise.race([listening, this.#ended])
  }

  /** Stops it: SIGTERM, and SIGKILL when it is not gone after 10 s. */
  async stop(): Promise<void> {
    const timer = setTimeout(() => this.kill(), stopTimeoutMs)
    if (!this.#stopping) this.#child?.kill('SIGTERM')
    this.#stopping = true
    await this.#ended
    clearTimeout(timer)
  }

  /** Stops it for good. */
  async close(): Promise<void> {
    this.#closed = true
    await this.stop()
  }

  /** Kills it, and what it started, at once. */
  kill(): void {
    if (this.#child) killGroup(this.#child, 'SIGKILL')
  }

  #follow(stream: Readable): void {
    createInterface({ input: stream }).on('line', (line) => {
      this.#lastLines = [...this.#lastLines.slice(1 - keptLines), line]
      this.#screen.log(this.service.name, line)
    })
  }

  #onEnd(code: number | null, signal: string | null): void {
    this.#child = undefined
    this.url = undefined
    if (this.#stopping) return
    const how = signal ? `was ended by ${signal}` : `exited with code ${code}`
    const after = 'it starts again on the next change'
    if (this.#lastLines.length === 0) this.#screen.warn(`${this.service.name} ${how}; ${after}`)
    else this.#screen.warn(`${this.service.name} ${how}; ${after}. Its last lines:`, this.#lastLines)
  }
}

/** Megabytes of V8's young generation. Many services share a developer's machine: 15 MB less each for a little speed. */
const smallHeap = '--max-semi-space-size=2'
/** Stacks name the lines that the user wrote, not those of what was compiled. */
const sourceMaps = '--enable-source-maps'
const keptLines = 10
const stopTimeoutMs = 10_000

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-child.pid!, signal)
  } catch {
    child.kill(signal) // Windows has no groups
  }
}
