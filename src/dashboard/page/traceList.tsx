import type { JSX } from 'preact'
import { useRef, useState } from 'preact/hooks'
import { post, useJson, useStream } from './api.ts'
import { count } from './format.ts'
import { OpenFile } from './openFile.tsx'
import { hrefOf, replaceAddress } from './route.ts'
import { TraceRow } from './traceRow.tsx'
import { useTraces, type TracePage } from './traceRows.ts'
import { Empty, Sampling, Search, Select } from './ui.tsx'
import { showRow, useNarrow, VirtualList } from './virtualList.tsx'
import type { ViewProps } from './viewProps.ts'

export function TraceList({ state, address, onConnection }: ViewProps): JSX.Element {
  const filter = filterOf(address.query)
  const { compare, ...search } = filter
  const path = new URLSearchParams(search).toString()
  const { value, error, reload } = useJson<TracePage>(`api/traces?${path}`)
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
