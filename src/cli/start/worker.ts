import { CliError } from '../failure.ts'
import type { Facts } from '../../service/parts/workers/messages.ts'

/** How a process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: string | null
}

/** A process that shares the port, as its primary sees it. */
export interface Worker {
  readonly pid: number
  /** Where it listens; undefined until it does. */
  readonly url: string | undefined
  /** Resolves to the URL; rejects with a StartError when it ends before it listens. */
  readonly listening: Promise<string>
  /** Resolves when it begins to stop, or has ended without. */
  readonly leaving: Promise<unknown>
  readonly exited: Promise<Exit>
  /** How many pings it has not answered. */
  readonly unanswered: number
  ping(): void
  /** What it says of itself; undefined when it does not answer within a second. */
  ask<About extends keyof Facts>(about: About): Promise<Facts[About] | undefined>
  /** SIGTERM has it drain, and once more changes nothing; SIGKILL ends it at once. */
  signal(name: 'SIGTERM' | 'SIGKILL' | 'SIGUSR2'): void
}

/** A worker ended before it listened. */
export class StartError extends CliError {
  readonly exit: Exit

  constructor(exit: Exit) {
    super(`a worker ${describeExit(exit)} before it listened`)
    this.exit = exit
  }
}

/** The place of a worker: one dies, another takes it over. */
export class Slot {
  readonly number: number
  /** Who serves there. */
  worker: Worker | undefined
  /** What that one runs. */
  program = ''
  /** Since when, on the supervisor's clock. */
  since = 0
  /** How many did not live long, in a row. */
  failures = 0
  /** Whether somebody is being started for it. */
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

/** What became of a process, as a log says it. */
export function describeExit({ code, signal }: Exit): string {
  return signal ? `was ended by ${signal}` : `exited with code ${code}`
}
