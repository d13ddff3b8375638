import { promisify } from 'node:util'
import { gzip as gzipCallback } from 'node:zlib'
import type { Dispatcher } from 'undici'
import { equalJitter } from '../../time/backoff.ts'
import type { Encoding, SpanExporter } from './exporter.ts'

/** Options of the connection to a collector. */
export interface PostOptions {
  /** The complete URL. */
  readonly url: string
  /** Headers to send, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Whether to compress bodies: ten times the CPU time, a tenth of the bytes. Default: false. */
  readonly gzip?: boolean
  /** The timeout of one attempt in milliseconds. Default 10,000, OTLP's own. */
  readonly timeoutMs?: number
  /** The number of retries. Default 4: with the pauses, about 15 s. */
  readonly retries?: number
  /** The first pause in milliseconds; each further one is twice as long, at most 30 s. Default 1000. */
  readonly firstPauseMs?: number
  /** Returns numbers from 0 to 1, which spread the pauses. */
  readonly random?: () => number
}

/** The statuses that are retried. https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes */
const retryable: ReadonlySet<number> = new Set([429, 502, 503, 504])
const longestPauseMs = 30_000
const mostConnections = 4

const compress = promisify(gzipCallback)

/** Posts batches in an encoding and retries where that may help. Rejects when a batch is lost. */
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
  // The buffer of an accepted batch is reused: the system would have to map new pages for another one.
  let spare: Buffer | undefined

  const attempt = async (body: Buffer, signal: AbortSignal): Promise<number | undefined> => {
    const dispatcher = await (pool ??= openPool(origin, timeoutMs))
    const { status, headers } = await new Attempt(
      dispatcher,
      { method: 'POST', path, headers: allHeaders, body },
      signal,
    ).ended
    if (status < 300) return undefined
    if (!retryable.has(status)) throw new PermanentError(`${url} responded with ${status}`)
    return retryAfterMs(headers['retry-after']) ?? Number.NaN
  }

  const post = async (plain: Buffer, signal: AbortSignal): Promise<void> => {
    const body = gzip ? await compress(plain) : plain
    for (let tries = 0; ; tries++) {
      let waitMs: number | undefined
      try {
        waitMs = await attempt(body, signal)
        if (waitMs === undefined) return void (spare = Buffer.from(plain.buffer))
      } catch (error) {
        if (error instanceof PermanentError || signal.aborted || tries >= retries) throw error
        waitMs = Number.NaN
      }
      if (tries >= retries) throw new Error(`${url} rejected the spans ${tries + 1} times: the collector is not ready`)
      await pause(Number.isNaN(waitMs) ? backoffMs(tries + 1) : waitMs, signal)
    }
  }

  return {
    // While it waits for the collector, a batch holds bytes instead of spans.
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

/** A request in flight, with its own handler and listener, at half the cost of undici's promises. */
class Attempt implements Dispatcher.DispatchHandler {
  status = 0
  headers: Readonly<Record<string, string | string[] | undefined>> = {}
  /** Resolves when the response has been read; its body is ignored. */
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

  /** Aborts the request. */
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

/** The collector rejected the batch for good. */
class PermanentError extends Error {}

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
