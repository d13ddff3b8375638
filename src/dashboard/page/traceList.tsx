import type { JSX } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { TraceSummary } from '../model/span.ts'
import { post, useJson, useStream, getJson } from './api.ts'
import { clock, count, dateAndClock, duration } from './format.ts'
import { OpenFile } from './openFile.tsx'
import { hrefOf, replaceAddress } from './route.ts'
import { Text } from './text.tsx'
import { Empty, HttpStatus, Sampling, Search, Select, ServiceName, serviceClass } from './ui.tsx'
import { showRow, useNarrow, VirtualList } from './virtualList.tsx'
import type { ViewProps } from './viewProps.ts'

interface Page {
  readonly traces: readonly TraceSummary[]
  readonly hasMore: boolean
  readonly version: number
}

/** A page is never asked for more: a search finds what is older. */
const mostRows = 5000

export function TraceList({ state, address, onConnection }: ViewProps): JSX.Element {
  const filter = filterOf(address.query)
  const { compare, ...search } = filter
  const path = new URLSearchParams(search).toString()
  const { value, error, reload } = useJson<Page>(`api/traces?${path}`)
  const { traces, held, hasMore, setAtTop, merge, release, more } = useTraces(value, path)
  const [isPaused, setPaused] = useState(false)
  const scroller = useRef<HTMLDivElement>(null)
  const isNarrow = useNarrow()
  const rowHeight = isNarrow ? 56 : 34
  useStream(isPaused || !value ? undefined : `api/stream?topics=traces&${path}&afterChange=${value.version}`, {
    onConnection,
    onReconnect: reload,
    onBatch: (batch) => batch.traces && merge(batch.traces),
  })
  const change = (changed: Readonly<Record<string, string>>): void =>
    replaceAddress(hrefOf('traces', { ...filter, ...changed }))
  const longest = Math.max(0, ...traces.slice(0, 500).map(({ durationMs }) => durationMs))
  const clear = async (): Promise<void> => {
    await post('api/clear/traces')
    reload()
  }
  return (
    <div class="full">
      <h1 class="visually-hidden">Traces</h1>
      <div class="toolbar" role="search">
        <Search
          label="Search traces"
          value={filter.q ?? ''}
          placeholder="Search: timeout  status:5xx  >100ms  since:10m  db.collection.name=orders"
          onChange={(q) => change({ q })}
        />
        <Select
          label="Service"
          value={tokenIn(filter.q, 'service') ?? ''}
          options={[['', 'All services'], ...state.services.map(({ name }) => [name, name] as const)]}
          onChange={(service) => change({ q: withToken(filter.q, 'service', service) })}
        />
        <Select
          label="Kind"
          value={tokenIn(filter.q, 'is') ?? ''}
          options={[
            ['', 'All traces'],
            ['error', 'With errors'],
            ['repeating', 'Repeated statements'],
          ]}
          onChange={(kind) => change({ q: withToken(filter.q, 'is', kind) })}
        />
        <label class="check">
          <input
            type="checkbox"
            checked={filter.probes === 'true'}
            onChange={({ currentTarget }) => change({ probes: currentTarget.checked ? 'true' : '' })}
          />
          Health probes
        </label>
        <span class="toolbar-end">
          <OpenFile
            onOpened={([one, ...others]) => {
              if (one !== undefined && others.length === 0) location.hash = hrefOf(`traces/${one}`)
              else reload()
            }}
          />
          <button
            type="button"
            aria-pressed={isPaused}
            onClick={() => (isPaused ? (setPaused(false), reload()) : setPaused(true))}
          >
            {isPaused ? 'Go live' : 'Pause'}
          </button>
          <button type="button" onClick={() => void clear()}>
            Clear
          </button>
        </span>
      </div>
      {compare !== undefined && (
        <p class="hint choose" role="status">
          Choose the trace to compare with <code>{compare.slice(0, 8)}…</code>{' '}
          <button type="button" class="small" onClick={() => change({ compare: '' })}>
            Cancel
          </button>
        </p>
      )}
      {held > 0 && (
        <button
          type="button"
          class="news"
          onClick={() => {
            release()
            scroller.current!.scrollTop = 0
          }}
        >
          ↑ {count(held, 'new trace')}
        </button>
      )}
      <VirtualList
        items={traces}
        rowHeight={rowHeight}
        label="Traces"
        scroller={scroller}
        onScroll={({ isAtTop, isAtBottom }) => {
          setAtTop(isAtTop)
          if (isAtBottom && hasMore) void more()
        }}
        head={
          <div role="rowgroup">
            <div role="row" class="trace-row head">
              {['Time', 'Request', 'Status', 'Duration', 'Spans', 'Statements'].map((title) => (
                <span role="columnheader" key={title}>
                  {title}
                </span>
              ))}
            </div>
          </div>
        }
        empty={
          <NoTraces
            isSearch={Boolean(filter.q)}
            error={error?.message ?? state.tracesOff}
            isLoading={!value && !error}
            isSampled={!state.alone}
          />
        }
        row={(trace, index) => (
          <TraceRow
            key={trace.id}
            trace={trace}
            index={index}
            longestMs={longest}
            href={
              compare === undefined ? hrefOf(`traces/${trace.id}`, filter) : hrefOf(`compare/${compare}/${trace.id}`)
            }
            onCompare={() => change({ compare: trace.id })}
            onMove={(step) => moveTo(scroller.current!, index + step, rowHeight, traces.length)}
          />
        )}
      />
    </div>
  )
}

type Filter = { readonly q?: string; readonly probes?: string; readonly compare?: string }

function filterOf(query: URLSearchParams): Filter {
  const [q, probes, compare] = [query.get('q'), query.get('probes'), query.get('compare')]
  return { ...(q && { q }), ...(probes && { probes }), ...(compare && { compare }) }
}

/** The rows: what was loaded, and what has come since. */
function useTraces(page: Page | undefined, path: string) {
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
      const older = await getJson<Page>(`api/traces?${path}&before=${last.seq}`).catch(() => undefined)
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

interface RowProps {
  readonly trace: TraceSummary
  readonly index: number
  readonly longestMs: number
  readonly href: string
  readonly onMove: (step: number) => void
  /** Begins a comparison with it. */
  readonly onCompare: () => void
}

function TraceRow({ trace, index, longestMs, href, onMove, onCompare }: RowProps): JSX.Element {
  const { service, name, startMs, durationMs, spans, statements, status, error, isRepeating } = trace
  return (
    <div role="row" aria-rowindex={index + 1} class="trace-row" onClick={() => (location.hash = href)}>
      <span role="cell" class="time" title={dateAndClock(startMs)}>
        {clock(startMs)}
      </span>
      <span role="cell" class="what">
        <ServiceName name={service} />{' '}
        <a
          href={href}
          data-index={index}
          onClick={(event) => event.stopPropagation()}
          onKeyDown={(event) => {
            const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: 15, PageUp: -15 }[event.key]
            if (event.key === 'c') onCompare()
            if (step === undefined) return
            event.preventDefault()
            onMove(step)
          }}
        >
          <Text value={name || '(no name)'} />
        </a>
        {trace.path !== undefined && (
          <span class="dim path">
            {' '}
            <Text value={trace.path} />
          </span>
        )}
      </span>
      <span role="cell" class="state">
        <HttpStatus status={status} error={error} />
        {error !== undefined && status === undefined && <span class="visually-hidden">{error}</span>}
      </span>
      <span role="cell" class="long">
        <span class="number">{duration(durationMs)}</span>
        <span
          class={`bar ${serviceClass(service)}`}
          style={{ width: `${longestMs > 0 ? (durationMs / longestMs) * 100 : 0}%` }}
        />
      </span>
      <span role="cell" class="spans number">
        {spans}
      </span>
      <span role="cell" class="statements number">
        {statements}
        {isRepeating && (
          <span class="flag" title="A statement ran five times or more under one span">
            {' '}
            ↻ repeated
          </span>
        )}
      </span>
    </div>
  )
}

function NoTraces({
  isSearch,
  error,
  isLoading,
  isSampled,
}: {
  isSearch: boolean
  error?: string | undefined
  isLoading: boolean
  isSampled: boolean
}): JSX.Element {
  if (isLoading) return <></>
  if (error !== undefined)
    return (
      <Empty title="No traces">
        <p>{error}</p>
      </Empty>
    )
  if (isSearch)
    return (
      <Empty title="No trace matches">
        <p>Change the search, or clear it.</p>
        {isSampled && <Sampling />}
      </Empty>
    )
  return (
    <Empty title="No traces yet">
      <p>Send a request to one of your services: its trace appears here within a second.</p>
    </Empty>
  )
}

/** Moves the focus to another row, which may not be in the page yet. */
function moveTo(scroller: HTMLElement, index: number, rowHeight: number, rows: number): void {
  const to = Math.min(Math.max(0, index), rows - 1)
  showRow(scroller, to, rowHeight)
  requestAnimationFrame(() =>
    requestAnimationFrame(() =>
      scroller.querySelector<HTMLElement>(`[data-index="${to}"]`)?.focus({ preventScroll: true }),
    ),
  )
}

function tokenIn(q: string | undefined, name: string): string | undefined {
  return new RegExp(`(?:^|\\s)${name}:(\\S+)`).exec(q ?? '')?.[1]
}

function withToken(q: string | undefined, name: string, value: string): string {
  const rest = (q ?? '').replace(new RegExp(`(?:^|\\s)${name}:\\S+`), '').trim()
  return [rest, value && `${name}:${value}`].filter(Boolean).join(' ')
}
