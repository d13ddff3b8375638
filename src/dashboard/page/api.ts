/** The requests of the page. Their URLs are relative, so that a proxy may put the page into a folder. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { StreamBatch } from '../model/state.ts'

/** A response that is no success. */
export class ApiError extends Error {
  static override readonly name = 'ApiError'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export async function getJson<Value>(path: string, signal?: AbortSignal): Promise<Value> {
  return read<Value>(await fetch(path, signal ? { signal } : {}))
}

/** Changes something. The header proves that it is this page that asks. */
export async function post<Value>(path: string, body?: unknown): Promise<Value> {
  const headers = { 'x-tricube-dashboard': '1', 'content-type': 'application/json' }
  return read<Value>(
    await fetch(path, { method: 'POST', headers, ...(body !== undefined && { body: JSON.stringify(body) }) }),
  )
}

/** Sends a text, such as that of a file. */
export async function postText<Value>(path: string, body: string): Promise<Value> {
  const headers = { 'x-tricube-dashboard': '1', 'content-type': 'text/plain' }
  return read<Value>(await fetch(path, { method: 'POST', headers, body }))
}

async function read<Value>(response: Response): Promise<Value> {
  // A body that is cut off must not become a value.
  if (response.ok) return (await response.json()) as Value
  const { error } = (await response.json().catch(() => ({}))) as { readonly error?: string }
  throw new ApiError(response.status, error ?? `the dashboard responded with ${response.status}`)
}

/** A value that is loaded, and loaded again when its path changes or `reload` is called. */
export interface Loaded<Value> {
  readonly value: Value | undefined
  readonly error: ApiError | undefined
  readonly isLoading: boolean
  readonly reload: () => void
}

export function useJson<Value>(path: string): Loaded<Value> {
  const [state, setState] = useState<{ value?: Value; error?: ApiError; isLoading: boolean }>({ isLoading: true })
  const [round, setRound] = useState(0)
  // Before the paint: a request that waits for it comes a frame later.
  useLayoutEffect(() => {
    const abort = new AbortController()
    setState((last) =>
      last.isLoading ? last : { ...(last.value !== undefined && { value: last.value }), isLoading: true },
    )
    getJson<Value>(path, abort.signal).then(
      (value) => {
        if (!abort.signal.aborted) setState({ value, isLoading: false })
      },
      (error: unknown) => {
        if (!abort.signal.aborted) setState({ error: apiError(error), isLoading: false })
      },
    )
    return () => abort.abort()
  }, [path, round])
  return { value: state.value, error: state.error, isLoading: state.isLoading, reload: () => setRound((n) => n + 1) }
}

function apiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, 'tricube does not respond')
}

/** Whether the live stream of the view is open. */
export type Connection = 'open' | 'lost'

export interface StreamHandlers {
  readonly onBatch: (batch: StreamBatch) => void
  /** It was interrupted: something may have been missed. */
  readonly onReconnect: () => void
  readonly onConnection: (connection: Connection) => void
}

/** Follows changes while the page is visible; `undefined` follows nothing. */
export function useStream(path: string | undefined, handlers: StreamHandlers): void {
  const latest = useRef(handlers)
  latest.current = handlers
  useEffect(() => {
    if (path === undefined) return undefined
    let source: EventSource | undefined
    let opened = 0
    let retry: ReturnType<typeof setTimeout> | undefined
    const open = (): void => {
      source = new EventSource(path)
      source.addEventListener('open', () => {
        latest.current.onConnection('open')
        if (opened++ > 0) latest.current.onReconnect()
      })
      source.addEventListener('message', ({ data }) =>
        latest.current.onBatch(JSON.parse(data as string) as StreamBatch),
      )
      source.addEventListener('error', () => {
        latest.current.onConnection('lost')
        if (source?.readyState !== EventSource.CLOSED) return
        retry = setTimeout(open, 2000) // the browser reconnects no more
      })
    }
    const close = (): void => {
      clearTimeout(retry)
      source?.close()
      source = undefined
    }
    const onVisibility = (): void => {
      close()
      if (!document.hidden) open()
    }
    document.addEventListener('visibilitychange', onVisibility)
    if (!document.hidden) open()
    return () => {
      document.removeEventListener('visibilitychange', onVisibility)
      close()
    }
  }, [path])
}
