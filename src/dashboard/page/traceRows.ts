import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { TraceSummary } from '../model/span.ts'
import { getJson } from './api.ts'

/** What the server responds. */
export interface TracePage {
  readonly traces: readonly TraceSummary[]
  readonly hasMore: boolean
  readonly version: number
}

/** A page is never asked for more: a search finds what is older. */
const mostRows = 5000

/** The rows: what was loaded, and what has come since. */
export function useTraces(page: TracePage | undefined, path: string) {
  const [rows, setRows] = useState<readonly TraceSummary[]>([])
  const [held, setHeld] = useState<readonly TraceSummary[]>([])
  const [hasMore, setHasMore] = useState(false)
  const isAtTop = useRef(true)
  const isLoading = useRef(false)
  useLayoutEffect(() => {
    if (!page) return
    setRows(page.traces)
    setHasMore(page.hasMore)
    setHeld([])
  }, [page])
  return {
    traces: rows,
    held: held.length,
    hasMore,
    setAtTop: (now: boolean): void => {
      isAtTop.current = now
    },
    /** New traces wait while the reader is further down, because the rows would move. */
    merge: (changed: readonly TraceSummary[]): void => {
      const byId = new Map(changed.map((trace) => [trace.id, trace]))
      setRows((rows) => {
        const updated = rows.map((row) => byId.get(row.id) ?? row)
        const known = new Set(rows.map(({ id }) => id))
        const added = changed.filter(({ id }) => !known.has(id))
        if (isAtTop.current) return merged(updated, added)
        setHeld((held) =>
          merged(
            held.map((row) => byId.get(row.id) ?? row),
            added.filter((trace) => !held.some(({ id }) => id === trace.id)),
          ),
        )
        return updated
      })
    },
    release: (): void => {
      setRows((rows) => merged(rows, held))
      setHeld([])
    },
    more: async (): Promise<void> => {
      const last = rows.at(-1)
      if (isLoading.current || !last || rows.length >= mostRows) return
      isLoading.current = true
      const older = await getJson<TracePage>(`api/traces?${path}&before=${last.seq}`).catch(() => undefined)
      isLoading.current = false
      if (!older) return
      setRows((rows) => [...rows, ...older.traces.filter(({ seq }) => seq < (rows.at(-1)?.seq ?? 0))])
      setHasMore(older.hasMore)
    },
  }
}

function merged(rows: readonly TraceSummary[], added: readonly TraceSummary[]): readonly TraceSummary[] {
  if (added.length === 0) return rows
  return [...added, ...rows].toSorted((a, b) => b.seq - a.seq).slice(0, mostRows)
}
