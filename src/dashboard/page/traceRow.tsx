import type { JSX } from 'preact'
import type { TraceSummary } from '../model/span.ts'
import { clock, dateAndClock, duration } from './format.ts'
import { Text } from './text.tsx'
import { HttpStatus, ServiceName, serviceClass } from './ui.tsx'

interface RowProps {
  readonly trace: TraceSummary
  readonly index: number
  readonly longestMs: number
  readonly href: string
  readonly onMove: (step: number) => void
  /** Begins a comparison with it. */
  readonly onCompare: () => void
}

/** A trace in the list. */
export function TraceRow({ trace, index, longestMs, href, onMove, onCompare }: RowProps): JSX.Element {
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
