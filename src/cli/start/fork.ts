/**
 * Workers over node:cluster: the primary accepts the connections and hands them out in turn.
 *
 * Measured against the two other ways (bench/workers/sharing.mjs, figures in docs/workers.md). One socket that all accept
 * from gave one of two workers up to 90 % of twenty connections, and callers keep theirs. SO_REUSEPORT is uneven too, needs
 * Node 22.12, and a worker that stops listening loses the connections in its queue, up to 1 % of those that come then. Here
 * shares are equal, on any Node, and nothing is lost; a new connection costs 0.2 ms more CPU, a request nothing.
 */
import cluster, { type Worker as ClusterWorker } from 'node:cluster'
import {
  workerVariables,
  type Answer,
  type Facts,
  type FromPrimary,
  type FromWorker,
} from '../../service/parts/workers/messages.ts'
import { ownProgram } from '../../load/own.ts'
import { closeUntaken } from './closeUntaken.ts'
import { StartError, type Exit, type Worker } from './worker.ts'

/** Where a service listens: what `tricube start` says to whoever started it. */
export interface ListeningMessage {
  readonly tricube: 'listening'
  readonly url: string
}

/** What else it says to its primary. */
export type FromStart = ListeningMessage | { readonly tricube: 'stopping' } | { readonly tricube: 'pong' } | FromWorker

/** What it hears from there. */
export type ToStart = { readonly tricube: 'ping' } | FromPrimary

/** What each worker is started with. */
export interface ForkOptions {
  readonly count: number
  /** The service's file, as the user named it. */
  readonly path: string
  /** Hears what workers say that is not an answer. */
  readonly onMessage: (worker: ForkedWorker, message: FromWorker) => void
}

/** Starts the worker of this number, which runs `program`. */
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

/** How long a worker may take to answer, in milliseconds. */
const answerMs = 1000

/** A worker as a process of its own. */
export class ForkedWorker implements Worker {
  readonly pid: number
  url: string | undefined
  readonly listening: Promise<string>
  readonly leaving: Promise<unknown>
  readonly exited: Promise<Exit>
  unanswered = 0
  readonly #child: ClusterWorker
  readonly #asked = new Map<number, (fact: never) => void>()
  #asks = 0

  constructor(child: ClusterWorker, onMessage: ForkOptions['onMessage']) {
    this.#child = child
    this.pid = child.process.pid!
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }))
      // There is no such process; another error is a message to one that is just ending.
      child.on('error', () => child.process.pid === undefined && resolve({ code: 1, signal: null }))
    })
    let left!: () => void
    const told = new Promise<void>((resolve) => (left = resolve))
    this.leaving = Promise.race([told, this.exited])
    this.listening = new Promise((resolve, reject) => {
      child.on('message', (message: FromStart | undefined) => {
        if (!message?.tricube) return // the service's own code may send what it likes
        if (message.tricube === 'listening') resolve((this.url = message.url))
        else if (message.tricube === 'pong') this.unanswered = 0
        else if (message.tricube === 'stopping') left()
        else if (message.tricube === 'told') this.#onTold(message.id, message.fact)
        else onMessage(this, message)
      })
      void this.exited.then((exit) => {
        reject(new StartError(exit))
        for (const id of this.#asked.keys()) this.#onTold(id, undefined)
      })
    })
    this.listening.catch(() => {}) // whoever wants to know has it already
  }

  ping(): void {
    this.unanswered++
    this.#send({ tricube: 'ping' })
  }

  ask<About extends keyof Facts>(about: About): Promise<Facts[About] | undefined> {
    const id = this.#asks++
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#onTold(id, undefined), answerMs)
      this.#asked.set(id, (fact) => {
        clearTimeout(timer)
        resolve(fact)
      })
      this.#send({ tricube: 'tell', id, about })
    })
  }

  answer(id: number, answer: Answer): void {
    this.#send({ tricube: 'answer', id, answer })
  }

  signal(name: NodeJS.Signals): void {
    this.#child.process.kill(name)
  }

  #send(message: ToStart): void {
    if (this.#child.isConnected()) this.#child.send(message)
  }

  #onTold(id: number, fact: unknown): void {
    this.#asked.get(id)?.(fact as never)
    this.#asked.delete(id)
  }
}
