import type { JSX } from 'preact'
import type { LogLine } from '../model/logLine.ts'
import { clock, dateAndClock } from './format.ts'
import { recordOf } from './logRecord.ts'
import { Text } from './text.tsx'
import { ServiceName } from './ui.tsx'

interface RowProps {
  readonly line: LogLine
  readonly index: number
  readonly isSelected: boolean
  readonly onSelect: () => void
  readonly onMove: (step: number) => void
}

/** A line in the list. */
export function LogRow({ line, index, isSelected, onSelect, onMove }: RowProps): JSX.Element {
  return (
    <div role="row" aria-rowindex={index + 1} class={`log-row ${isSelected ? 'selected' : ''}`} onClick={onSelect}>
      <span role="cell" class="time" title={dateAndClock(line.atMs)}>
        {clock(line.atMs)}
      </span>
      <span role="cell" class={`level level-${line.level}`}>
        {line.level}
      </span>
      <span role="cell">
        <ServiceName name={line.service} />
      </span>
      <span role="cell" class="message">
        <button
          type="button"
          data-index={index}
          onClick={(event) => {
            event.stopPropagation()
            onSelect()
          }}
          onKeyDown={(event) => {
            const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: 20, PageUp: -20 }[event.key]
            if (step === undefined) return
            event.preventDefault()
            onMove(step)
          }}
        >
          <Text value={line.message.split('\n')[0] || '(no message)'} />
        </button>{' '}
        <span class="dim">
          <Text value={fieldsText(line)} />
        </span>
      </span>
    </div>
  )
}

/** What stands elsewhere in the row, and what each line has. */
const shown = new Set([
  'level',
  'time',
  'service',
  'msg',
  'message',
  'pid',
  'hostname',
  'trace_id',
  'span_id',
  'v',
  'request_id',
  'peer',
  'bytes',
])

function fieldsText({ raw }: LogLine): string {
  return Object.entries(recordOf(raw) ?? {})
    .filter(([name]) => !shown.has(name))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ')
    .slice(0, 400)
}
