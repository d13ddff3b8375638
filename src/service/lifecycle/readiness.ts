/** Why something is not ready, in words that anybody may read. */
export class NotReady extends Error {
  override readonly name: string = 'NotReady'
}

/** What readiness depends on: each resolves when it is well and rejects when it is not; a `NotReady` says why. */
export type Checks = Readonly<Record<string, () => Promise<void>>>

/** Whether a service can do its work, and what of it depends on what. */
export interface Readiness {
  readonly status: 'ready' | 'not ready' | 'stopping'
  /** `ok`, `unreachable`, or why it is not ready. */
  readonly checks: Readonly<Record<string, string>>
  /** Where several processes serve: how many of them are ready. */
  readonly workers?: { readonly ready: number; readonly wanted: number }
}

/** Finds out whether a service is ready: it is serving, and everything that it depends on is well. */
export async function readinessOf(isServing: boolean, checks: Checks): Promise<Readiness> {
  if (!isServing) return { status: 'stopping', checks: {} }
  const entries = Object.entries(checks).map(async ([name, check]) => [name, await outcome(check)] as const)
  const results = Object.fromEntries(await Promise.all(entries))
  const isReady = Object.values(results).every((result) => result === 'ok')
  return { status: isReady ? 'ready' : 'not ready', checks: results }
}

async function outcome(check: () => Promise<void>): Promise<string> {
  return check().then(
    () => 'ok',
    (error: unknown) => (error instanceof NotReady ? error.message : 'unreachable'),
  )
}
