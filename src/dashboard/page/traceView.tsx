import type { JSX } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { LogLine } from '../model/logLine.ts'
import { repeatsOf } from '../model/repeats.ts'
import type { StoredSpan } from '../model/span.ts'
import { summaryOf } from '../model/summary.ts'
import { criticalPathOf, waterfallOf } from '../model/waterfall.ts'
import { useJson, useStream } from './api.ts'
import { queryFor } from './compareView.tsx'
import { curlOf } from './curl.ts'
import { count, dateAndClock, duration } from './format.ts'
import { RepeatHint, repeatedSpans } from './repeats.tsx'
import { hrefOf, replaceAddress } from './route.ts'
import { SpanDetail, TraceDetail } from './spanDetail.tsx'
import { testedSpan, TraceTest } from './traceTest.tsx'
import { Text } from './text.tsx'
import { CopyButton, Empty, HttpStatus, Sampling, Search, ServiceName } from './ui.tsx'
import { showRow, VirtualList } from './virtualList.tsx'
import { axisOf, waterfallItems, WaterfallLine, type WaterfallItem } from './waterfallLine.tsx'
import type { ViewProps } from './viewProps.ts'

interface TraceData {
  readonly spans: readonly StoredSpan[]
  readonly logs: readonly LogLine[]
  readonly version: number
}

const rowHeight = 26

export function TraceView({ id, state, address, onConnection }: ViewProps & { readonly id: string }): JSX.Element {
  const { value, error, reload } = useJson<TraceData>(`api/traces/${encodeURIComponent(id)}`)
  // A span may come late; the stream says when the trace has changed.
  useStream(value && `api/stream?topics=traces&probes=true&q=${encodeURIComponent(id)}&afterChange=${value.version}`, {
    onConnection,
    onReconnect: reload,
    onBatch: (batch) => batch.traces?.some((trace) => trace.id === id) && reload(),
  })
  if (error) {
    return (
      <Empty title="This trace is not here">
        <p>{error.message}</p>
        {!state.alone && <Sampling />}
        <a href={hrefOf('traces')}>Go to the traces</a>
      </Empty>
    )
  }
  return value ? <LoadedTrace id={id} data={value} address={address} state={state} /> : <></>
}

type LoadedProps = Pick<ViewProps, 'address' | 'state'> & { readonly id: string; readonly data: TraceData }

function LoadedTrace({ id, data: { spans, logs }, address, state }: LoadedProps): JSX.Element {
  const { query } = address
  const summary = useMemo(() => summaryOf(id, 0, spans), [id, spans])
  const waterfall = useMemo(() => waterfallOf(spans), [spans])
  const critical = useMemo(() => criticalPathOf(waterfall), [waterfall])
  const repeats = useMemo(() => repeatsOf(spans), [spans])
  const [collapsed, setCollapsed] = useState<ReadonlySet<string>>(new Set())
  const showsLogs = query.get('lines') !== 'off'
  const items = useMemo(
    () => waterfallItems(waterfall, showsLogs ? logs : [], collapsed),
    [waterfall, logs, collapsed, showsLogs],
  )
  const repeated = useMemo(() => repeatedSpans(spans, repeats), [spans, repeats])
  const find = (query.get('find') ?? '').toLowerCase()
  const found = useMemo(() => (find ? items.filter((item) => matches(item, find)) : []), [items, find])
  const scroller = useRef<HTMLDivElement>(null)
  const selectedId = query.get('span') ?? undefined
  const selected = spans.find((span) => span.id === selectedId)
  const tested = testedSpan(spans, selected)
  const showsTest = tested !== undefined && query.get('test') === 'on'
  const change = (changed: Readonly<Record<string, string | undefined>>): void =>
    replaceAddress(hrefOf(`traces/${id}`, { ...Object.fromEntries(query), ...changed }))
  const select = (span: string | undefined): void => change({ span })
  const toggle = (span: string): void =>
    setCollapsed((known) =>
      known.has(span) ? new Set([...known].filter((each) => each !== span)) : new Set([...known, span]),
    )
  const focusRow = (index: number): void => {
    const to = Math.min(Math.max(0, index), items.length - 1)
    const item = items[to]
    if (!item) return
    showRow(scroller.current!, to, rowHeight)
    requestAnimationFrame(() =>
      scroller.current?.querySelector<HTMLElement>(`[data-index="${to}"]`)?.focus({ preventScroll: true }),
    )
  }
  useEffect(() => {
    const index = items.findIndex((item) => item.kind === 'span' && item.row.span.id === selectedId)
    if (index > 0 && scroller.current) showRow(scroller.current, index, rowHeight)
  }, [])
  const back = hrefOf('traces', { q: query.get('q') ?? undefined, probes: query.get('probes') ?? undefined })
  return (
    <div
      class="full trace"
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || (event.target as HTMLElement).matches('input')) return
        if (selected) select(undefined)
        else location.hash = back
      }}
    >
      <div class="trace-head">
        <a href={back} class="back">
          ← Traces
        </a>
        <h1>
          <ServiceName name={summary.service} /> <Text value={summary.name} />
        </h1>
        <HttpStatus status={summary.status} error={summary.error} />
        <dl class="facts">
          <Fact name="Duration" value={duration(summary.durationMs)} />
          <Fact name="Started" value={dateAndClock(summary.startMs)} />
          <Fact name="Spans" value={count(summary.spans, 'span')} />
          <Fact name="Services" value={count(summary.services.length, 'service')} />
          <Fact name="Statements" value={count(summary.statements, 'statement')} />
        </dl>
      </div>
      {repeats.slice(0, 3).map((repeat) => (
        <RepeatHint
          key={repeat.parentId + repeat.text}
          repeat={repeat}
          spans={spans}
          onShow={() => select(repeat.parentId)}
        />
      ))}
      <div class="toolbar" role="search">
        <Search
          label="Find in this trace"
          value={query.get('find') ?? ''}
          placeholder="Find in this trace"
          onChange={(text) => change({ find: text })}
        />
        {find && (
          <span class="dim" role="status">
            {count(found.length, 'match', 'matches')}
          </span>
        )}
        <label class="check">
          <input
            type="checkbox"
            checked={showsLogs}
            onChange={() => change({ lines: showsLogs ? 'off' : undefined })}
          />
          Log lines ({logs.length})
        </label>
        <span class="toolbar-end">
          <a class="button small" href={hrefOf('traces', { q: queryFor(spans), compare: id })}>
            Compare…
          </a>
          <CopyButton text={curlOf(spans, state.services)} label="Copy as curl" />
          {tested && (
            <button
              type="button"
              class="small"
              aria-pressed={showsTest}
              onClick={() => change({ test: showsTest ? undefined : 'on' })}
            >
              Make a test of it
            </button>
          )}
          <CopyButton text={id} label="Copy trace ID" />
          <a class="button small" href={`api/traces/${id}/file`} download>
            Save
          </a>
        </span>
      </div>
      <div class={showsTest ? 'split code' : 'split'}>
        <VirtualList
          items={items}
          rowHeight={rowHeight}
          label="Spans of the trace"
          role="treegrid"
          scroller={scroller}
          head={axisOf(waterfall.totalMs)}
          row={(item, index) => (
            <WaterfallLine
              key={item.key}
              item={item}
              index={index}
              totalMs={waterfall.totalMs}
              critical={critical}
              isRepeated={item.kind === 'span' && repeated.has(item.row.span.id)}
              isSelected={item.kind === 'span' && item.row.span.id === selectedId}
              isDimmed={find !== '' && !found.includes(item)}
              isFocusable={
                item.kind === 'span' &&
                (selectedId === undefined || !selected ? index === 0 : item.row.span.id === selectedId)
              }
              isCollapsed={item.kind === 'span' && collapsed.has(item.row.span.id)}
              onSelect={select}
              onToggle={toggle}
              onMove={focusRow}
            />
          )}
        />
        <aside class="detail" aria-label={showsTest ? 'Test' : selected ? 'Span' : 'Trace'}>
          {showsTest ? (
            <TraceTest spans={spans} of={tested} onClose={() => change({ test: undefined })} />
          ) : selected ? (
            <SpanDetail
              span={selected}
              row={waterfall.rows.find(({ span }) => span === selected)}
              logs={logs.filter(({ spanId }) => spanId === selected.id)}
              onClose={() => select(undefined)}
            />
          ) : (
            <TraceDetail spans={spans} critical={critical} logs={logs} id={id} />
          )}
        </aside>
      </div>
    </div>
  )
}

function Fact({ name, value }: { readonly name: string; readonly value: string }): JSX.Element {
  return (
    <div>
      <dt class="visually-hidden">{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}

function matches(item: WaterfallItem, text: string): boolean {
  if (item.kind === 'line') return item.line.raw.toLowerCase().includes(text)
  const { name, service, error = '', attributes } = item.row.span
  return [name, service, error, ...Object.values(attributes)].some((value) => value.toLowerCase().includes(text))
}
