import type { JSX } from 'preact'
import type { LogLine } from '../model/logLine.ts'
import { causeOf, statementOf, type StoredSpan } from '../model/span.ts'
import type { CriticalPart, WaterfallRow } from '../model/waterfall.ts'
import { Explain } from './data/plan.tsx'
import { clock, count, duration } from './format.ts'
import { hrefOf } from './route.ts'
import { Block, Text } from './text.tsx'
import { CopyButton, ServiceName } from './ui.tsx'

interface SpanDetailProps {
  readonly span: StoredSpan
  readonly row: WaterfallRow | undefined
  readonly logs: readonly LogLine[]
  readonly onClose: () => void
}

/** Everything about a span. */
export function SpanDetail({ span, row, logs, onClose }: SpanDetailProps): JSX.Element {
  const statement = statementOf(span)
  const { attributes, events, links, error } = span
  return (
    <>
      <div class="detail-head">
        <h2>
          <ServiceName name={span.service} /> <Text value={span.name} />
        </h2>
        <button type="button" class="small" onClick={onClose} aria-label="Close the span">
          ✕
        </button>
      </div>
      <p class="dim">
        {span.kind} · {duration(span.durationMs)} · starts at {duration(Math.max(0, row?.startMs ?? 0))}
      </p>
      {error !== undefined && (
        <p class="bad">
          ✗ <Text value={error} />
        </p>
      )}
      {row !== undefined && row.skewMs !== 0 && (
        <p class="hint">Its clock differs: the start was moved by {duration(Math.abs(row.skewMs))}.</p>
      )}
      {row?.isOrphan && <p class="hint">Its parent is missing: it was not sent, or comes later.</p>}
      {statement !== undefined && (
        <section>
          <h3>
            Statement <CopyButton text={statement} label="Copy" />
          </h3>
          <Block value={statement} />
          <Explain
            key={span.id}
            service={span.service}
            namespace={attributes['db.namespace'] ?? attributes['db.name']}
            statement={statement}
          />
        </section>
      )}
      {events.length > 0 && (
        <section>
          <h3>Events</h3>
          <ul class="plain">
            {events.map(({ atMs, name, text }) => (
              <li key={`${atMs} ${name}`}>
                <span class="dim">+{duration(Math.max(0, atMs - span.startMs))}</span> <Text value={name} />
                {text !== undefined && <Block value={text} />}
              </li>
            ))}
          </ul>
        </section>
      )}
      {links.length > 0 && (
        <section>
          <h3>Caused by</h3>
          <ul class="plain">
            {[...new Set(links.map((link) => causeOf(link).traceId))].map((id) => (
              <li key={id}>
                <a href={hrefOf(`traces/${id}`)}>{id.slice(0, 16)}…</a>
              </li>
            ))}
          </ul>
        </section>
      )}
      <Lines logs={logs} />
      <section>
        <h3>Attributes</h3>
        <Fields
          fields={{
            ...Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== statement)),
            'span id': span.id,
            ...(span.parentId !== undefined && { 'parent id': span.parentId }),
          }}
        />
      </section>
    </>
  )
}

interface TraceDetailProps {
  readonly id: string
  readonly spans: readonly StoredSpan[]
  readonly critical: readonly CriticalPart[]
  readonly logs: readonly LogLine[]
}

/** Where the time of a trace went. */
export function TraceDetail({ id, spans, critical, logs }: TraceDetailProps): JSX.Element {
  const longest = sharesOf(spans, critical).slice(0, 8)
  const total = Math.max(1e-9, ...critical.map(({ toMs }) => toMs))
  return (
    <>
      <h2>Where the time went</h2>
      <p class="dim">Spans on the critical path, and the time that each adds to it:</p>
      <ul class="plain shares">
        {longest.map(({ service, name, ids, ms }) => (
          <li key={`${service} ${name}`}>
            <span class="number">{Math.round((ms / total) * 100)} %</span> <span class="number">{duration(ms)}</span>{' '}
            <span class="grow">
              <ServiceName name={service} /> <Text value={name} />
              {ids.size > 1 && <span class="dim"> × {ids.size}</span>}
            </span>
          </li>
        ))}
      </ul>
      <Statements spans={spans} />
      <p>
        <a href={hrefOf('logs', { trace: id })}>{count(logs.length, 'log line')}</a>
      </p>
      <p class="dim">Select a span for its attributes, its statement and its log lines.</p>
    </>
  )
}

interface Share {
  readonly service: string
  readonly name: string
  readonly ids: Set<string>
  ms: number
}

/** The time on the critical path by the names of spans, the most first. */
function sharesOf(spans: readonly StoredSpan[], critical: readonly CriticalPart[]): Share[] {
  const byId = new Map(spans.map((span) => [span.id, span]))
  const shares = new Map<string, Share>()
  for (const { id, fromMs, toMs } of critical) {
    const { service, name } = byId.get(id)!
    const key = `${service}\n${name}`
    const share = shares.get(key) ?? { service, name, ids: new Set(), ms: 0 }
    share.ids.add(id)
    share.ms += toMs - fromMs
    shares.set(key, share)
  }
  return [...shares.values()].toSorted((a, b) => b.ms - a.ms)
}

function Statements({ spans }: { readonly spans: readonly StoredSpan[] }): JSX.Element {
  const groups = new Map<string, { count: number; totalMs: number }>()
  for (const span of spans) {
    const text = statementOf(span)
    if (text === undefined) continue
    const group = groups.get(text) ?? { count: 0, totalMs: 0 }
    groups.set(text, { count: group.count + 1, totalMs: group.totalMs + span.durationMs })
  }
  if (groups.size === 0) return <></>
  const sorted = [...groups].toSorted(([, a], [, b]) => b.totalMs - a.totalMs).slice(0, 12)
  return (
    <section>
      <h3>{count(groups.size, 'statement')}</h3>
      <ul class="plain">
        {sorted.map(([text, { count: times, totalMs }]) => (
          <li key={text} class={times >= 5 ? 'repeated' : ''}>
            <span class="number">{times} ×</span> <span class="number">{duration(totalMs)}</span>
            <Block value={text} />
          </li>
        ))}
      </ul>
    </section>
  )
}

function Lines({ logs }: { readonly logs: readonly LogLine[] }): JSX.Element {
  const [first] = logs
  if (!first) return <></>
  return (
    <section>
      <h3>
        <a href={hrefOf('logs', { trace: first.traceId, span: first.spanId })}>{count(logs.length, 'log line')}</a>
      </h3>
      <ul class="plain">
        {logs.map((line) => (
          <li key={line.seq}>
            <span class="dim">{clock(line.atMs)}</span> <span class={`level level-${line.level}`}>{line.level}</span>{' '}
            <Text value={line.message || line.raw} />
          </li>
        ))}
      </ul>
    </section>
  )
}

type FieldEntries = readonly (readonly [name: string, value: string])[]

interface FieldsProps {
  /** As pairs if names may repeat. */
  readonly fields: Readonly<Record<string, string>> | FieldEntries
}

/** Names and values, one below the other. */
export function Fields({ fields }: FieldsProps): JSX.Element {
  const entries = Array.isArray(fields) ? (fields as FieldEntries) : Object.entries(fields)
  return (
    <dl class="fields">
      {entries.map(([name, value], i) => (
        <div key={i}>
          <dt>
            <Text value={name} />
          </dt>
          <dd>{value.length > 200 || value.includes('\n') ? <Block value={value} /> : <Text value={value} />}</dd>
        </div>
      ))}
    </dl>
  )
}
