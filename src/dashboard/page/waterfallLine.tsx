import type { JSX } from 'preact'
import { grouped } from '../../trace/export/grouped.ts'
import type { LogLine } from '../model/logLine.ts'
import type { CriticalPart, Waterfall, WaterfallRow } from '../model/waterfall.ts'
import { duration } from './format.ts'
import { Text } from './text.tsx'
import { HttpStatus, ServiceName, serviceClass } from './ui.tsx'
import { statusOf } from '../model/span.ts'

/** A row of the waterfall: a span, or a log line that was written in it. */
export type WaterfallItem =
  | { readonly kind: 'span'; readonly key: string; readonly row: WaterfallRow }
  | {
      readonly kind: 'line'
      readonly key: string
      readonly line: LogLine
      readonly depth: number
      readonly atMs: number
    }

/** The visible rows: log lines below their spans, without what is below a collapsed span. */
export function waterfallItems(
  { rows }: Waterfall,
  logs: readonly LogLine[],
  collapsed: ReadonlySet<string>,
): WaterfallItem[] {
  const linesOf = grouped(logs, ({ spanId = '' }) => spanId)
  const items: WaterfallItem[] = []
  let hiddenBelow = Infinity
  for (const row of rows) {
    const { span, depth, startMs, skewMs } = row
    if (depth > hiddenBelow) continue
    hiddenBelow = collapsed.has(span.id) ? depth : Infinity
    items.push({ kind: 'span', key: `${span.id} ${span.kind}`, row })
    if (hiddenBelow === depth) continue
    for (const line of linesOf.get(span.id) ?? []) {
      const atMs = Math.max(0, line.atMs + skewMs - span.startMs + startMs)
      items.push({ kind: 'line', key: `line ${line.seq}`, line, depth: depth + 1, atMs })
    }
    linesOf.delete(span.id)
  }
  return items
}

const ticks = [0, 0.25, 0.5, 0.75, 1]

/** The head of the waterfall with its scale. */
export function axisOf(totalMs: number): JSX.Element {
  return (
    <div role="rowgroup">
      <div role="row" class="fall-row head">
        <span role="columnheader" class="fall-name">
          Span
        </span>
        <span role="columnheader" class="fall-axis" aria-label={`From 0 to ${duration(totalMs)}`}>
          {ticks.map((tick) => (
            <span key={tick} class={`tick tick-${tick * 100}`}>
              {tick === 0 ? '0' : duration(totalMs * tick)}
            </span>
          ))}
        </span>
      </div>
    </div>
  )
}

export interface WaterfallLineProps {
  readonly item: WaterfallItem
  readonly index: number
  readonly totalMs: number
  readonly critical: readonly CriticalPart[]
  readonly isRepeated: boolean
  readonly isSelected: boolean
  readonly isDimmed: boolean
  readonly isFocusable: boolean
  readonly isCollapsed: boolean
  readonly onSelect: (id: string) => void
  readonly onToggle: (id: string) => void
  readonly onMove: (index: number) => void
}

export function WaterfallLine(props: WaterfallLineProps): JSX.Element {
  const { item, index, totalMs, isDimmed } = props
  if (item.kind === 'span') return <SpanLine {...props} row={item.row} />
  const { line, depth, atMs } = item
  return (
    <div role="row" aria-level={depth + 1} class={`fall-row log ${isDimmed ? 'dimmed' : ''}`} data-index={index}>
      <span role="gridcell" class="fall-name" style={{ paddingLeft: `${22 + depth * 14}px` }}>
        <span class={`level level-${line.level}`}>{line.level}</span> <Text value={line.message || line.raw} />
      </span>
      <span role="gridcell" class="fall-time">
        <span class={`log-mark level-${line.level}`} style={{ left: `${Math.min(100, (atMs / totalMs) * 100)}%` }} />
      </span>
    </div>
  )
}

function SpanLine(props: WaterfallLineProps & { readonly row: WaterfallRow }): JSX.Element {
  const { row, index, totalMs, critical, isRepeated, isSelected, isDimmed, isFocusable, isCollapsed } = props
  const { span, depth, children, startMs, skewMs, isOrphan } = row
  const left = (startMs / totalMs) * 100
  const width = Math.max(0.2, (span.durationMs / totalMs) * 100)
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: 15, PageUp: -15, Home: -1e6, End: 1e6 }[event.key]
    const isToggle =
      (event.key === 'ArrowRight' && isCollapsed) || (event.key === 'ArrowLeft' && !isCollapsed && children > 0)
    if (step === undefined && !isToggle && event.key !== 'Enter' && event.key !== ' ') return
    event.preventDefault()
    if (step !== undefined) props.onMove(index + step)
    else if (isToggle) props.onToggle(span.id)
    else props.onSelect(span.id)
  }
  return (
    <div
      role="row"
      aria-level={depth + 1}
      aria-rowindex={index + 1}
      aria-selected={isSelected}
      aria-expanded={children > 0 ? !isCollapsed : undefined}
      data-index={index}
      tabIndex={isFocusable ? 0 : -1}
      class={`fall-row span ${isSelected ? 'selected' : ''} ${isDimmed ? 'dimmed' : ''} ${span.error !== undefined ? 'failed' : ''}`}
      onClick={() => props.onSelect(span.id)}
      onKeyDown={onKeyDown}
    >
      <span role="gridcell" class="fall-name" style={{ paddingLeft: `${8 + depth * 14}px` }}>
        <span
          class="twisty"
          aria-hidden="true"
          onClick={(event) => {
            if (children === 0) return
            event.stopPropagation()
            props.onToggle(span.id)
          }}
        >
          {children === 0 ? '' : isCollapsed ? '▸' : '▾'}
        </span>
        <ServiceName name={span.service} /> <Text value={span.name || '(no name)'} />
        <Notes row={row} isRepeated={isRepeated} />
      </span>
      <span role="gridcell" class="fall-time">
        <span class={`fall-bar ${serviceClass(span.service)}`} style={{ left: `${left}%`, width: `${width}%` }} />
        {critical
          .filter(({ id }) => id === span.id)
          .map(({ fromMs, toMs }) => (
            <span
              key={fromMs}
              class="critical"
              style={{
                left: `${(fromMs / totalMs) * 100}%`,
                width: `${Math.max(0.2, ((toMs - fromMs) / totalMs) * 100)}%`,
              }}
            />
          ))}
        {span.events.slice(0, 20).map(({ atMs, name }) => (
          <span
            key={`${atMs} ${name}`}
            class={`event-mark event-${name === 'retry' || name === 'hedge' ? name : 'other'}`}
            title={name}
            style={{
              left: `${Math.min(100, Math.max(0, ((atMs + skewMs - span.startMs + startMs) / totalMs) * 100))}%`,
            }}
          />
        ))}
        <span class="fall-duration" style={{ left: `${Math.min(100, left + width)}%` }}>
          {isOrphan && <span title="Its parent has not come">⤷ </span>}
          {duration(span.durationMs)}
        </span>
      </span>
    </div>
  )
}

/** Short marks behind a span's name: its outcome, its rows, retries, hedges, the connection. */
function Notes({
  row: { span },
  isRepeated,
}: {
  readonly row: WaterfallRow
  readonly isRepeated: boolean
}): JSX.Element {
  const { attributes, events, error } = span
  const rows = attributes['db.response.returned_rows']
  const retries = events.filter(({ name }) => name === 'retry').length
  const hedges = events.filter(({ name }) => name === 'hedge').length
  const isLane = attributes['tricube.connection'] === 'lane'
  return (
    <span class="notes">
      <HttpStatus status={statusOf(span)} />
      {error !== undefined && error !== String(statusOf(span)) && (
        <span class="bad">
          {' '}
          ✗ <Text value={error} />
        </span>
      )}
      {rows !== undefined && (
        <span class="dim">
          {' '}
          {rows} {rows === '1' ? 'row' : 'rows'}
        </span>
      )}
      {retries > 0 && <span class="flag"> ⟳ {retries === 1 ? 'retried' : `${retries} retries`}</span>}
      {hedges > 0 && <span class="flag"> ⑂ hedged</span>}
      {isLane && <span class="dim"> lane</span>}
      {isRepeated && <span class="flag"> ↻</span>}
    </span>
  )
}
