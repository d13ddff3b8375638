/** Thrown by a check with a reason that `/health/ready` may show to anyone. */
export class NotReady extends Error {
  override readonly name: string = 'NotReady'
}

/** A dependency of a service. */
export interface Check {
  /** Resolves when it is healthy, and rejects when it is not. A `NotReady` gives the reason. */
  readonly run: () => Promise<void>
  /** Whether the service is not ready without it. */
  readonly isRequired: boolean
}

/** The dependencies of a service, by name. */
export type Checks = Readonly<Record<string, Check>>

/** Whether a service can do its work, with the state of its dependencies. */
export interface Readiness {
  readonly status: 'ready' | 'not ready' | 'stopping'
  /** `ok`, `unreachable`, or why it is not ready. */
  readonly checks: Readonly<Record<string, string>>
  /** With several processes: how many of them are ready. */
  readonly workers?: { readonly ready: number; readonly wanted: number }
}

/** The readiness of a service that has not started serving, or is stopping. */
export const stopping: Readiness = { status: 'stopping', checks: {} }

/** Runs the checks of a service that is serving. It is ready when all required checks pass. */
export async function readinessOf(checks: Checks): Promise<Readiness> {
  const entries = Object.entries(checks).map(async ([name, { run }]) => [name, await outcome(run)] as const)
  const results = Object.fromEntries(await Promise.all(entries))
  const isReady = Object.entries(checks).every(([name, { isRequired }]) => !isRequired || results[name] === 'ok')
  return { status: isReady ? 'ready' : 'not ready', checks: results }
}

async function outcome(check: () => Promise<void>): Promise<string> {
  return check().then(
    () => 'ok',
    (error: unknown) => (error instanceof NotReady ? error.message : 'unreachable'),
  )
}
