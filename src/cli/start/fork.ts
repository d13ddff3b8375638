/**
 * Workers over node:cluster: the primary accepts connections and distributes them round-robin.
 *
 * The two alternatives were measured by bench/workers/sharing.mjs (figures in docs/workers.md):
 *
 * - With one shared socket, one of two workers got up to 90 % of twenty connections, and callers keep theirs.
 * - SO_REUSEPORT is uneven too and needs Node 22.12. A worker that stops listening loses the connections in its queue.
 *
 * Round-robin is even on any Node and loses nothing. It costs 0.2 ms of CPU per new connection, and nothing per request.
 */
import cluster, { type Worker as ClusterWorker } from 'node:cluster'
import {
  workerVariables,
  type Facts,
  type FromPrimary,
  type FromWorker,
  type Reply,
} from '../../service/parts/workers/messages.ts'
import { ownProgram } from '../../load/own.ts'
import { closeUntaken } from './closeUntaken.ts'
import { StartError, type Exit, type Worker } from './worker.ts'

/** The message that `tricube start` sends to its parent process when the service listens. */
export interface ListeningMessage {
  readonly tricube: 'listening'
  readonly url: string
}

/** A message of `tricube start` to its parent process or primary. */
export type FromStart = ListeningMessage | { readonly tricube: 'stopping' } | { readonly tricube: 'pong' } | FromWorker

/** A message of the primary to `tricube start`. */
export type ToStart = { readonly tricube: 'ping' } | FromPrimary

/** The options of a worker. */
export interface ForkOptions {
  readonly count: number
  /** The path of the service's file on the command line. */
  readonly path: string
  /** Called with every message that is no reply. */
  readonly onMessage: (worker: ForkedWorker, message: FromWorker) => void
}

/** Starts the worker with this number, which runs `program`. */
export function forkWorker({ count, path, onMessage }: ForkOptions, number: number, program: string): ForkedWorker {
  cluster.schedulingPolicy = cluster.SCHED_RR
  cluster.setupPrimary({
    exec: ownProgram('main'),
    args: ['start', path, '--compiled', program],
    execArgv: [...process.execArgv, '--enable-source-maps'],
    serialization: 'advanced', // metrics may be NaN and Infinity
  })
  const child = cluster.fork({ [workerVariables.count]: count, [workerVariables.number]: number })
  closeUntaken(child.process)
  return new ForkedWorker(child, onMessage)
}

/** How long a query waits for a worker's reply, in milliseconds. */
const replyTimeoutMs = 1000

/** A worker in a child process. */
export class ForkedWorker implements Worker {
  readonly pid: number
  url: string | undefined
  readonly listening: Promise<string>
  readonly leaving: Promise<unknown>
  readonly exited: Promise<Exit>
  missedPings = 0
  readonly #child: ClusterWorker
  readonly #pending = new Map<number, (fact: never) => void>()
  #nextId = 0

  constructor(child: ClusterWorker, onMessage: ForkOptions['onMessage']) {
    this.#child = child
    this.pid = child.process.pid!
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }))
      // Without a pid, the process did not start. Any other error is a message to a process that is exiting.
      child.on('error', () => child.process.pid === undefined && resolve({ code: 1, signal: null }))
    })
    let beginStop!: () => void
    const stopping = new Promise<void>((resolve) => (beginStop = resolve))
    this.leaving = Promise.race([stopping, this.exited])
    this.listening = new Promise((resolve, reject) => {
      child.on('message', (message: FromStart | undefined) => {
        if (!message?.tricube) return // the service's own code may send any message
        if (message.tricube === 'listening') resolve((this.url = message.url))
        else if (message.tricube === 'pong') this.missedPings = 0
        else if (message.tricube === 'stopping') beginStop()
        else if (message.tricube === 'reply') this.#onReply(message.id, message.fact)
        else onMessage(this, message)
      })
      void this.exited.then((exit) => {
        reject(new StartError(exit))

        for (const id of this.#pending.keys()) this.#onReply(id, undefined)
      })
    })
    this.listening.catch(() => {}) // its users handle it; this only avoids an unhandled rejection
  }

  ping(): void {
    this.missedPings++
    this.#send({ tricube: 'ping' })
  }

  query<About extends keyof Facts>(about: About): Promise<Facts[About] | undefined> {
    const id = this.#nextId++
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#onReply(id, undefined), replyTimeoutMs)
      this.#pending.set(id, (fact) => {
        clearTimeout(timer)
        resolve(fact)
      })
      this.#send({ tricube: 'query', id, about })
    })
  }

  reply(id: number, reply: Reply): void {
    this.#send({ tricube: 'reply', id, reply })
  }

  signal(name: NodeJS.Signals): void {
    this.#child.process.kill(name)
  }

  #send(message: ToStart): void {
    if (this.#child.isConnected()) this.#child.send(message)
  }

  #onReply(id: number, fact: unknown): void {
    this.#pending.get(id)?.(fact as never)
    this.#pending.delete(id)
  }
}
