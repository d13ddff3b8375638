import type { ServiceState } from './model/state.ts'
import { askService, type ServiceAddress } from './server/askService.ts'

/** A service to ask, as far as that matters. */
export type ProbeTarget = ServiceAddress & Pick<ServiceState, 'status'>

/** The options of `HealthProbes`. */
export interface ProbeOptions {
  readonly targets: () => readonly ProbeTarget[]
  /** Whether anybody watches: nobody is asked for nothing. */
  readonly isWatched: () => boolean
}

const intervalMs = 2000
const timeoutMs = 1000

/** Asks the services whether they are ready. */
export class HealthProbes {
  readonly #options: ProbeOptions
  readonly #reasons = new Map<string, string>()
  readonly #timer: NodeJS.Timeout
  #isAsking = false

  constructor(options: ProbeOptions) {
    this.#options = options
    this.#timer = setInterval(() => void this.#ask(), intervalMs).unref()
  }

  /** Why a service is not ready; undefined when it is, or is not known to be not. */
  reason(service: string): string | undefined {
    return this.#reasons.get(service)
  }

  close(): void {
    clearInterval(this.#timer)
  }

  async #ask(): Promise<void> {
    const { targets, isWatched } = this.#options
    if (this.#isAsking || !isWatched()) return
    this.#isAsking = true
    await Promise.all(
      targets().map(async (target) => {
        const { name, status, url } = target
        const reason = status === 'ready' && url !== undefined ? await reasonOf(target) : undefined
        if (reason === undefined) this.#reasons.delete(name)
        else this.#reasons.set(name, reason)
      }),
    )
    this.#isAsking = false
  }
}

/** A service may have no such route, or have it at another port: then it is as ready as it says by listening. */
async function reasonOf(service: ServiceAddress): Promise<string | undefined> {
  try {
    const { status, body } = await askService(service, { path: '/health/ready', timeoutMs })
    return status === 503 ? explained(body.toString()) : undefined
  } catch (error) {
    return (error as Error).name === 'TimeoutError' ? `/health/ready took longer than ${timeoutMs} ms` : undefined
  }
}

function explained(text: string): string {
  try {
    const { checks = {} } = JSON.parse(text) as { checks?: Record<string, unknown> }
    const failing = Object.entries(checks).filter(([, state]) => state !== 'ok' && state !== 'ready')
    if (failing.length > 0)
      return `not ready: ${failing.map(([name, state]) => `${name} is ${String(state)}`).join(', ')}`
  } catch {
    // no JSON: the status is all there is
  }
  return '/health/ready responds with 503'
}
