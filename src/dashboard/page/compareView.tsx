import type { JSX } from 'preact'
import { useMemo, useRef, useState } from 'preact/hooks'
import { comparisonOf, type ComparedOperation, type Comparison, type OperationTime } from '../model/comparison.ts'
import type { StoredSpan } from '../model/span.ts'
import { summaryOf } from '../model/summary.ts'
import { useJson } from './api.ts'
import { clock, count, duration } from './format.ts'
import { hrefOf } from './route.ts'
import { Text } from './text.tsx'
import { Empty, HttpStatus, ServiceName, serviceClass } from './ui.tsx'
import { showRow, useNarrow, VirtualList } from './virtualList.tsx'

interface TraceData {
  readonly spans: readonly StoredSpan[]
}

/** Two traces side by side: which operations take longer in the second, which are new and which are missing. */
export function CompareView({ first, second }: { readonly first: string; readonly second: string }): JSX.Element {
  const before = useJson<TraceData>(`api/traces/${encodeURIComponent(first)}`)
  const after = useJson<TraceData>(`api/traces/${encodeURIComponent(second)}`)
  const error = before.error ?? after.error
  if (error) {
    return (
      <Empty title="One of these traces is not here">
        <p>{error.message}</p>
        <a href={hrefOf('traces')}>Go to the traces</a>
      </Empty>
    )
  }
  if (!before.value || !after.value) return <></>
  return <Compared first={first} second={second} before={before.value.spans} after={after.value.spans} />
}

interface ComparedProps {
  readonly first: string
  readonly second: string
  readonly before: readonly StoredSpan[]
  readonly after: readonly StoredSpan[]
}

function Compared({ first, second, before, after }: ComparedProps): JSX.Element {
  const comparison = useMemo(() => comparisonOf(before, after), [before, after])
  const [showsAll, setShowsAll] = useState(true)
  const rows = showsAll ? comparison.rows : comparison.rows.filter(({ difference }) => difference !== 'same')
  const scroller = useRef<HTMLDivElement>(null)
  const rowHeight = useNarrow() ? 48 : 30
  const longestMs = Math.max(0.001, comparison.beforeMs, comparison.afterMs)
  const move = (index: number): void => {
    const to = Math.min(Math.max(0, index), rows.length - 1)
    showRow(scroller.current!, to, rowHeight)
    requestAnimationFrame(() =>
      scroller.current?.querySelector<HTMLElement>(`[data-index="${to}"]`)?.focus({ preventScroll: true }),
    )
  }
  return (
    <div class="full compare">
      <div class="compare-heads">
        <h1>Compare two traces</h1>
        <Head label="A" id={first} spans={before} />
        <Head label="B" id={second} spans={after} />
      </div>
      <Causes comparison={comparison} />
      <div class="toolbar">
        <label class="check">
          <input type="checkbox" checked={!showsAll} onChange={() => setShowsAll(!showsAll)} />
          Only differences
        </label>
        <span class="dim">{count(rows.length, 'operation')}</span>
        <span class="toolbar-end">
          <a class="button" href={hrefOf(`compare/${second}/${first}`)}>
            Swap A and B
          </a>
          <a class="button" href={hrefOf('traces', { q: queryFor(before), compare: first })}>
            Choose another B
          </a>
        </span>
      </div>
      <VirtualList
        items={rows}
        rowHeight={rowHeight}
        label="Operations of both traces"
        role="treegrid"
        scroller={scroller}
        head={heads}
        empty={<Empty title="No difference">Both traces took about the same time everywhere.</Empty>}
        row={(row, index) => (
          <Row key={row.key} row={row} index={index} longestMs={longestMs} onMove={(step) => move(index + step)} />
        )}
      />
    </div>
  )
}

const heads: JSX.Element = (
  <div role="rowgroup">
    <div role="row" class="compare-row head">
      {['Operation', 'A', 'B', 'Difference'].map((title) => (
        <span role="columnheader" key={title}>
          {title}
        </span>
      ))}
    </div>
  </div>
)

/** The search for traces that begin as this one does. */
export function queryFor(spans: readonly StoredSpan[]): string {
  const { service, name } = summaryOf('', 0, spans)
  return [`service:${service}`, `operation:${name}`].map((term) => (/\s/.test(term) ? `"${term}"` : term)).join(' ')
}

function Head({ label, id, spans }: { label: string; id: string; spans: readonly StoredSpan[] }): JSX.Element {
  const { service, name, status, error, durationMs, startMs, spans: spanCount } = summaryOf(id, 0, spans)
  return (
    <p class="compare-head">
      <strong class="compare-label">{label}</strong>{' '}
      <a href={hrefOf(`traces/${id}`)}>
        <ServiceName name={service} /> <Text value={name} />
      </a>{' '}
      <HttpStatus status={status} error={error} /> <strong class="number">{duration(durationMs)}</strong>{' '}
      <span class="dim">
        {count(spanCount, 'span')} · {clock(startMs).slice(0, 8)}
      </span>
    </p>
  )
}

const mostCauses = 3
/** What is less of the difference is not worth naming. */
const smallestShare = 0.05

/** The operations whose own time differs most. */
function Causes({ comparison: { rows, beforeMs, afterMs } }: { readonly comparison: Comparison }): JSX.Element {
  const deltaMs = afterMs - beforeMs
  const direction = Math.sign(deltaMs)
  const causes = rows
    .filter(({ selfDeltaMs }) => selfDeltaMs * direction > Math.max(1, smallestShare * Math.abs(deltaMs)))
    .toSorted((a, b) => (b.selfDeltaMs - a.selfDeltaMs) * direction)
    .slice(0, mostCauses)
  if (Math.abs(deltaMs) < 1) return <p class="hint">B took as long as A.</p>
  return (
    <p class="hint">
      <strong>
        B took {duration(Math.abs(deltaMs))} {deltaMs > 0 ? 'longer' : 'less'}.
      </strong>{' '}
      {causes.length > 0 && 'Most of it is the own time of '}
      {causes.map(({ key, service, name, selfDeltaMs }, i) => (
        <span key={key}>
          {i > 0 && ', '}
          <ServiceName name={service} /> <Text value={name} /> <span class="number">{signed(selfDeltaMs)}</span>
        </span>
      ))}
      {causes.length > 0 && '.'}
    </p>
  )
}

interface RowProps {
  readonly row: ComparedOperation
  readonly index: number
  readonly longestMs: number
  readonly onMove: (step: number) => void
}

function Row({ row, index, longestMs, onMove }: RowProps): JSX.Element {
  const { depth, service, name, statement, before, after, difference } = row
  const deltaMs = (after?.totalMs ?? 0) - (before?.totalMs ?? 0)
  return (
    <div
      role="row"
      aria-level={depth + 1}
      aria-rowindex={index + 1}
      data-index={index}
      tabIndex={index === 0 ? 0 : -1}
      class={`compare-row difference-${difference}`}
      title={statement}
      onKeyDown={(event) => {
        const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: 15, PageUp: -15, Home: -1e6, End: 1e6 }[
          event.key
        ]
        if (step === undefined) return
        event.preventDefault()
        onMove(step)
      }}
    >
      <span role="gridcell" class="compare-name" style={{ paddingLeft: `${20 + depth * 14}px` }}>
        <ServiceName name={service} /> <Text value={name || '(no name)'} />
      </span>
      <Time time={before} service={service} longestMs={longestMs} />
      <Time time={after} service={service} longestMs={longestMs} />
      <span role="gridcell" class="compare-delta">
        {difference === 'same' ? (
          <span class="dim number">{signed(deltaMs)}</span>
        ) : (
          <>
            <strong>{difference}</strong> <span class="number">{signed(deltaMs)}</span>
          </>
        )}
      </span>
    </div>
  )
}

interface TimeProps {
  readonly time: OperationTime | undefined
  readonly service: string
  readonly longestMs: number
}

function Time({ time, service, longestMs }: TimeProps): JSX.Element {
  if (!time)
    return (
      <span role="gridcell" class="compare-time dim">
        –
      </span>
    )
  const { count: spans, totalMs, errors } = time
  return (
    <span role="gridcell" class="compare-time">
      <span class="number">
        {duration(totalMs)}
        {spans > 1 && <span class="dim"> × {spans}</span>}
        {errors > 0 && <span class="bad"> ✗</span>}
      </span>
      <span
        class={`bar ${serviceClass(service)}`}
        style={{ width: `${Math.min(100, (totalMs / longestMs) * 100)}%` }}
      />
    </span>
  )
}

function signed(ms: number): string {
  return `${ms < 0 ? '−' : '+'}${duration(Math.abs(ms))}`
}
