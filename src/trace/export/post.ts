import { promisify } from 'node:util'
import { gzip as gzipCallback } from 'node:zlib'
import type { Dispatcher } from 'undici'
import { equalJitter } from '../../time/backoff.ts'
import type { Encoding, SpanExporter } from './exporter.ts'

/** How a collector is reached. */
export interface PostOptions {
  /** The whole URL. */
  readonly url: string
  /** Sent along, for instance `authorization`. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Whether bodies are compressed: ten times the CPU time, a tenth of the bytes. Default: false. */
  readonly gzip?: boolean
  /** Milliseconds for one attempt. Default 10,000, OTLP's own. */
  readonly timeoutMs?: number
  /** How often it is tried again. Default 4: with the pauses, some 15 s. */
  readonly retries?: number
  /** Milliseconds before the first of them; each further pause is twice as long, at most 30 s. Default 1000. */
  readonly firstPauseMs?: number
  /** From 0 to 1; spreads the pauses. */
  readonly random?: () => number
}

/** Statuses that may pass. https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes */
const retryable: ReadonlySet<number> = new Set([429, 502, 503, 504])
const longestPauseMs = 30_000
const mostConnections = 4

const compress = promisify(gzipCallback)

/** Posts batches in an encoding, again when that may help. Rejects when a batch is lost. */
export function postExporter(encoding: Encoding, options: PostOptions): SpanExporter {
  const { url, headers = {}, gzip = false, timeoutMs = 10_000, retries = 4, random = Math.random } = options
  const { firstPauseMs = 1000 } = options
  const backoffMs = equalJitter({ baseMs: firstPauseMs, capMs: longestPauseMs, random })
  const { origin, pathname, search } = new URL(url)
  const path = pathname + search
  const allHeaders = {
    ...headers,
    'content-type': encoding.contentType,
    ...(gzip && { 'content-encoding': 'gzip' }),
  }
  let pool: Promise<Dispatcher> | undefined
  // What a batch was in when it has been taken: for the next one, which would have to be given new pages by the system.
  let spare: Buffer | undefined

  const attempt = async (body: Buffer, signal: AbortSignal): Promise<number | undefined> => {
    const dispatcher = await (pool ??= openPool(origin, timeoutMs))
    const { status, headers } = await new Attempt(
      dispatcher,
      { method: 'POST', path, headers: allHeaders, body },
      signal,
    ).ended
    if (status < 300) return undefined
    if (!retryable.has(status)) throw new Refused(`${url} answered ${status}`)
    return retryAfterMs(headers['retry-after']) ?? Number.NaN
  }

  const post = async (plain: Buffer, signal: AbortSignal): Promise<void> => {
    const body = gzip ? await compress(plain) : plain
    for (let tries = 0; ; tries++) {
      let asked: number | undefined
      try {
        asked = await attempt(body, signal)
        if (asked === undefined) return void (spare = Buffer.from(plain.buffer))
      } catch (error) {
        if (error instanceof Refused || signal.aborted || tries >= retries) throw error
        asked = Number.NaN
      }
      if (tries >= retries) throw new Error(`${url} was not ready, ${tries + 1} times`)
      await pause(Number.isNaN(asked) ? backoffMs(tries + 1) : asked, signal)
    }
  }

  return {
    // What waits for the collector holds bytes, no spans.
    export(spans, epochOffsetMs, signal) {
      const memory = spare
      spare = undefined
      return post(encoding.encode(spans, epochOffsetMs, memory), signal)
    },
    async close() {
      await (await pool)?.destroy()
    },
  }
}

/** A request on its way; its own handler and its signal's listener, for half of what undici's promises cost. */
class Attempt implements Dispatcher.DispatchHandler {
  status = 0
  headers: Readonly<Record<string, string | string[] | undefined>> = {}
  /** Resolves when the answer has been read, which nobody looks at. */
  readonly ended: Promise<this>
  readonly #signal: AbortSignal
  #resolve!: (self: this) => void
  #reject!: (error: unknown) => void
  #controller: Dispatcher.DispatchController | undefined

  constructor(dispatcher: Dispatcher, request: Dispatcher.DispatchOptions, signal: AbortSignal) {
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#signal = signal
    if (signal.aborted) {
      this.handleEvent()
    } else {
      signal.addEventListener('abort', this)
      dispatcher.dispatch(request, this)
    }
  }

  /** The signal aborts. */
  handleEvent(): void {
    this.#reject(this.#signal.reason)
    this.#controller?.abort(this.#signal.reason as Error)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#signal.aborted) this.handleEvent()
  }

  onResponseStart(_controller: unknown, status: number, headers: typeof this.headers): void {
    this.status = status
    this.headers = headers
  }

  onResponseData(): void {}

  onResponseEnd(): void {
    this.#signal.removeEventListener('abort', this)
    this.#resolve(this)
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#signal.removeEventListener('abort', this)
    this.#reject(error)
  }
}

/** The collector has understood, and does not want it. */
class Refused extends Error {}

async function openPool(origin: string, timeoutMs: number): Promise<Dispatcher> {
  const { Pool } = await import('undici')
  return new Pool(origin, {
    connections: mostConnections,
    connect: { timeout: timeoutMs },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: 1024 * 1024,
  })
}

function retryAfterMs(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,5}$/.test(header)
    ? Math.min(longestPauseMs, Number(header) * 1000)
    : undefined
}

/** Waits without keeping the process alive. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer)
      reject(signal.reason as Error)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, ms).unref()
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}
