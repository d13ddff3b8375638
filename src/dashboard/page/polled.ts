import { useEffect, useRef } from 'preact/hooks'
import { useJson, type Loaded } from './api.ts'

/** A value that is loaded again every so often, while the page is visible. A slow response is waited for. */
export function usePolled<Value>(path: string, everyMs: number): Loaded<Value> {
  const loaded = useJson<Value>(path)
  const latest = useRef(loaded)
  latest.current = loaded
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden && !latest.current.isLoading) latest.current.reload()
    }, everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return loaded
}
