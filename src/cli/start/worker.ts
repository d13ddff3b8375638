import { CliError } from '../failure.ts'
import type { Facts } from '../../service/parts/workers/messages.ts'

/** The exit code of a process, or the signal that ended it. */
export interface Exit {
  readonly code: number | null
  readonly signal: string | null
}

/** A worker process, seen from its primary. */
export interface Worker {
  readonly pid: number
  /** The URL that it listens on; undefined before it listens. */
  readonly url: string | undefined
  /** Resolves to the URL; rejects with a StartError if the worker exits before it listens. */
  readonly listening: Promise<string>
  /** Resolves when the worker begins to stop, or has exited. */
  readonly leaving: Promise<unknown>
  readonly exited: Promise<Exit>
  /** The number of pings without a response. */
  readonly missedPings: number
  ping(): void
  /** Queries a fact about the worker; resolves to undefined after a second without a reply. */
  query<About extends keyof Facts>(about: About): Promise<Facts[About] | undefined>
  /** SIGTERM drains the worker, a second one does nothing; SIGKILL ends it at once. */
  signal(name: 'SIGTERM' | 'SIGKILL' | 'SIGUSR2'): void
}

/** A worker exited before it listened. */
export class StartError extends CliError {
  readonly exit: Exit

  constructor(exit: Exit) {
    super(`a worker ${describeExit(exit)} before it listened`)
    this.exit = exit
  }
}

/** One of the supervisor's places for a worker. A new worker takes over the slot of one that exits. */
export class Slot {
  readonly number: number
  /** The worker that serves. */
  worker: Worker | undefined
  /** The program that the worker runs. */
  program = ''
  /** When the worker began to serve, in milliseconds of the supervisor's clock. */
  since = 0
  /** Failed starts and early exits in a row. */
  failures = 0
  /** Whether a worker is being started for the slot. */
  isFilling = false

  constructor(number: number) {
    this.number = number
  }

  use(worker: Worker, program: string, now: number): void {
    this.worker = worker
    this.program = program
    this.since = now
  }
}

/** Describes how a process ended, for logs and messages. */
export function describeExit({ code, signal }: Exit): string {
  return signal ? `was killed by ${signal}` : `exited with code ${code}`
}
