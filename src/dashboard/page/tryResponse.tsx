import type { JSX } from 'preact'
import { useMemo, useRef } from 'preact/hooks'
import type { SentResponse } from '../model/sentRequest.ts'
import type { StoredSpan } from '../model/span.ts'
import { criticalPathOf, waterfallOf } from '../model/waterfall.ts'
import type { LogLine } from '../model/logLine.ts'
import { useJson, useStream } from './api.ts'
import { duration } from './format.ts'
import { prettyJson } from './json.ts'
import { hrefOf } from './route.ts'
import { Fields } from './spanDetail.tsx'
import { Block, Text } from './text.tsx'
import { HttpStatus } from './ui.tsx'
import { VirtualList } from './virtualList.tsx'
import { axisOf, waterfallItems, WaterfallLine } from './waterfallLine.tsx'

/** A response and its trace. */
export function TryResponse({ response }: { readonly response: SentResponse }): JSX.Element {
  const { status, durationMs, headers = {}, body, failure, traceId } = response
  return (
    <>
      <p class="try-status" role="status">
        <HttpStatus status={status} error={failure} /> {failure !== undefined && <Text value={failure} />}{' '}
        <span class="dim">{duration(durationMs)}</span>
      </p>
      {body !== undefined && <Block value={prettyJson(body)} />}
      <details>
        <summary>{Object.keys(headers).length} headers</summary>
        <Fields fields={headers} />
      </details>
      <h3>
        Trace <a href={hrefOf(`traces/${traceId}`)}>open it</a>
      </h3>
      <ResponseTrace key={traceId} id={traceId} />
    </>
  )
}

function ResponseTrace({ id }: { readonly id: string }): JSX.Element {
  const { value, reload } = useJson<{ spans: StoredSpan[]; logs: LogLine[]; version: number }>(`api/traces/${id}`)
  useStream(value && `api/stream?topics=traces&probes=true&q=${id}&afterChange=${value.version}`, {
    onConnection() {},
    onReconnect: reload,
    onBatch: (batch) => batch.traces && reload(),
  })
  const scroller = useRef<HTMLDivElement>(null)
  const waterfall = useMemo(() => waterfallOf(value?.spans ?? []), [value])
  const critical = useMemo(() => criticalPathOf(waterfall), [waterfall])
  const items = useMemo(() => waterfallItems(waterfall, value?.logs ?? [], new Set()), [waterfall])
  if (!value) return <></>
  return (
    <div class="mini-trace">
      <VirtualList
        items={items}
        rowHeight={26}
        label="Spans of the response"
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
            isRepeated={false}
            isSelected={false}
            isDimmed={false}
            isFocusable={index === 0}
            isCollapsed={false}
            onSelect={(span) => (location.hash = hrefOf(`traces/${id}`, { span }))}
            onToggle={() => {}}
            onMove={(to) => scroller.current?.querySelector<HTMLElement>(`[data-index="${to}"]`)?.focus()}
          />
        )}
      />
    </div>
  )
}
