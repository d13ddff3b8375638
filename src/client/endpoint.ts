import type { Dispatcher } from 'undici'
import type { Instance } from '../discovery/registry.ts'
import type { Answer, Outgoing } from './call.ts'

/** Longest a connection attempt may take, in milliseconds: a network that one runs services in answers in far less. */
const connectTimeoutMs = 1000
/** Largest answer that is read, in bytes. */
const maxAnswerBytes = 16 * 1024 * 1024

/** The connections to one instance: an undici pool, opened by the first call. */
export class Endpoint {
  readonly #origin: string
  #pool: Promise<Dispatcher> | undefined

  constructor(origin: string) {
    this.#origin = origin
  }

  /** Sends a call and reads its answer. */
  async exchange({ method, path, headers, body }: Outgoing, signal: AbortSignal): Promise<Answer> {
    const pool = await (this.#pool ??= openPool(this.#origin))
    const response = await pool.request({ method, path, headers, body: body ?? null, signal })
    return { status: response.statusCode, headers: response.headers, body: await response.body.text() }
  }

  /** Answers what is in flight, then ends the connections. */
  async close(): Promise<void> {
    await (await this.#pool)?.close()
  }
}

/** Where an instance is, as the start of a URL. */
export function originOf({ address, port }: Instance): string {
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}`
}

/** Loads undici. It is a tenth of a service's start, so it waits until the service listens or calls somebody. */
export function loadUndici(): Promise<typeof import('undici')> {
  return import('undici')
}

async function openPool(origin: string): Promise<Dispatcher> {
  const { Pool } = await loadUndici()
  return new Pool(origin, {
    connect: { timeout: connectTimeoutMs },
    maxResponseSize: maxAnswerBytes,
    headersTimeout: 0, // a call's own timeout bounds all of it
    bodyTimeout: 0,
  })
}
