import type { JSX } from 'preact'
import type { LogLine } from '../model/logLine.ts'
import { recordOf } from './logRecord.ts'
import { hrefOf } from './route.ts'
import { Fields } from './spanDetail.tsx'
import { Block } from './text.tsx'
import { ServiceName } from './ui.tsx'

/** All that a line has, beside the list. */
export function LineDetail({ line, onClose }: { readonly line: LogLine; readonly onClose: () => void }): JSX.Element {
  const record = recordOf(line.raw)
  const stack = (record?.['err'] as { stack?: unknown } | undefined)?.stack
  return (
    <>
      <div class="detail-head">
        <h2>
          <ServiceName name={line.service} /> <span class={`level level-${line.level}`}>{line.level}</span>
        </h2>
        <button type="button" class="small" onClick={onClose} aria-label="Close the line">
          ✕
        </button>
      </div>
      <Block value={line.message || line.raw} />
      {line.traceId !== undefined && (
        <p>
          <a href={hrefOf(`traces/${line.traceId}`, { span: line.spanId })}>Show its trace</a> ·{' '}
          <a href={hrefOf('logs', { trace: line.traceId })}>Lines of this trace</a>
        </p>
      )}
      {typeof stack === 'string' && <Block value={stack} />}
      {record && (
        <Fields
          fields={Object.fromEntries(
            Object.entries(record).map(([name, value]) => [
              name,
              typeof value === 'string' ? value : JSON.stringify(value),
            ]),
          )}
        />
      )}
    </>
  )
}
