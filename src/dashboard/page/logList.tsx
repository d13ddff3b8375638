import type { JSX } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { levels, type Level, type LogLine } from '../model/logLine.ts'
import { getJson, post, useJson, useStream } from './api.ts'
import { count } from './format.ts'
import { LineDetail } from './lineDetail.tsx'
import { LogRow } from './logRow.tsx'
import { hrefOf, replaceAddress } from './route.ts'
import { Empty, Search, Select } from './ui.tsx'
import { showRow, useNarrow, VirtualList } from './virtualList.tsx'
import type { ViewProps } from './viewProps.ts'

interface Page {
  readonly lines: readonly LogLine[]
  readonly hasMore: boolean
  readonly seq: number
}

/** Lines in the page: what is older goes, and the search finds it. */
const mostLines = 5000

export function LogList({ state, address: { query }, onConnection }: ViewProps): JSX.Element {
  const { line: selectedSeq, ...filter } = Object.fromEntries(query) as Record<string, string>
  const path = new URLSearchParams(filter).toString()
  const { value, reload } = useJson<Page>(`api/logs?${path}`)
  const [lines, setLines] = useState<readonly LogLine[]>([])
  const [hasMore, setHasMore] = useState(false)
  const [skipped, setSkipped] = useState(0)
  const [isPaused, setPaused] = useState(false)
  const [followsEnd, setFollowsEnd] = useState(true)
  const [news, setNews] = useState(0)
  const scroller = useRef<HTMLDivElement>(null)
  const rowHeight = useNarrow() ? 44 : 24
  useLayoutEffect(() => {
    if (!value) return
    setLines(value.lines)
    setHasMore(value.hasMore)
    setSkipped(0)
    setNews(0)
    setFollowsEnd(true)
  }, [value])
  useStream(isPaused || !value ? undefined : `api/stream?topics=logs&${path}&afterLine=${value.seq}`, {
    onConnection,
    onReconnect: reload,
    onBatch({ logs = [], skippedLogs = 0 }) {
      if (logs.length === 0) return
      setSkipped((n) => n + skippedLogs)
      if (!followsEnd) setNews((n) => n + logs.length)
      setLines((known) =>
        [...known, ...logs.filter(({ seq }) => seq > (known.at(-1)?.seq ?? 0))].slice(
          followsEnd ? -mostLines : -2 * mostLines,
        ),
      )
    },
  })
  const change = (changed: Readonly<Record<string, string | undefined>>): void =>
    replaceAddress(hrefOf('logs', { ...filter, line: selectedSeq, ...changed }))
  const selected = lines.find(({ seq }) => String(seq) === selectedSeq)
  const older = async (): Promise<void> => {
    const before = lines[0]?.seq
    if (before === undefined) return
    const page = await getJson<Page>(`api/logs?${path}&before=${before}`)
    const height = scroller.current!.scrollHeight
    setFollowsEnd(false)
    setLines((known) => [...page.lines, ...known])
    setHasMore(page.hasMore)
    requestAnimationFrame(() => (scroller.current!.scrollTop += scroller.current!.scrollHeight - height))
  }
  const toEnd = (): void => {
    setFollowsEnd(true)
    setNews(0)
  }
  const move = (index: number): void => {
    const to = Math.min(Math.max(0, index), lines.length - 1)
    showRow(scroller.current!, to, rowHeight)
    requestAnimationFrame(() =>
      requestAnimationFrame(() =>
        scroller.current?.querySelector<HTMLElement>(`[data-index="${to}"]`)?.focus({ preventScroll: true }),
      ),
    )
  }
  return (
    <div class="full">
      <h1 class="visually-hidden">Logs</h1>
      <div class="toolbar" role="search">
        <Search
          label="Search log lines"
          value={filter['q'] ?? ''}
          placeholder='Search: "connection lost"  status=500'
          onChange={(q) => change({ q })}
        />
        <Select
          label="Service"
          value={filter['service'] ?? ''}
          options={[['', 'All services'], ...state.services.map(({ name }) => [name, name] as const)]}
          onChange={(service) => change({ service })}
        />
        <Select
          label="Lowest level"
          value={filter['level'] ?? ''}
          options={[
            ['', 'All levels'],
            ...(Object.keys(levels) as Level[]).slice(1).map((level) => [level, `${level} and above`] as const),
          ]}
          onChange={(level) => change({ level })}
        />
        {filter['trace'] !== undefined && (
          <button
            type="button"
            class="chip"
            onClick={() => change({ trace: undefined })}
            aria-label="Show the lines of all traces"
          >
            trace {filter['trace'].slice(0, 8)}… ✕
          </button>
        )}
        {filter['span'] !== undefined && (
          <button
            type="button"
            class="chip"
            onClick={() => change({ span: undefined })}
            aria-label="Show the lines of all spans"
          >
            span {filter['span'].slice(0, 8)}… ✕
          </button>
        )}
        <span class="toolbar-end">
          {skipped > 0 && (
            <span class="dim" title="More lines came than a page can show: search to see them">
              {count(skipped, 'line')} left out
            </span>
          )}
          <button
            type="button"
            aria-pressed={isPaused}
            onClick={() => (isPaused ? (setPaused(false), reload()) : setPaused(true))}
          >
            {isPaused ? 'Go live' : 'Pause'}
          </button>
          <button
            type="button"
            onClick={() => {
              void post('api/clear/logs').then(reload)
            }}
          >
            Clear
          </button>
        </span>
      </div>
      {hasMore && lines.length < 2 * mostLines && (
        <button type="button" class="older" onClick={() => void older()}>
          Show older lines
        </button>
      )}
      <div class={selected ? 'split' : 'split whole'}>
        <VirtualList
          items={lines}
          rowHeight={rowHeight}
          label="Log lines"
          scroller={scroller}
          followsEnd={followsEnd}
          onScroll={({ isAtBottom }) => {
            setFollowsEnd(isAtBottom)
            if (isAtBottom) setNews(0)
          }}
          empty={value ? <NoLines isSearch={path !== ''} /> : <></>}
          row={(line, index) => (
            <LogRow
              key={line.seq}
              line={line}
              index={index}
              isSelected={line === selected}
              onSelect={() => {
                setFollowsEnd(false)
                change({ line: line === selected ? undefined : String(line.seq) })
              }}
              onMove={(step) => move(index + step)}
            />
          )}
        />
        {selected && (
          <aside class="detail" aria-label="Log line">
            <LineDetail line={selected} onClose={() => change({ line: undefined })} />
          </aside>
        )}
      </div>
      {!followsEnd && (
        <button type="button" class="news news-end" onClick={toEnd}>
          ↓ {news > 0 ? count(news, 'new line') : 'Go to the end'}
        </button>
      )}
    </div>
  )
}

function NoLines({ isSearch }: { readonly isSearch: boolean }): JSX.Element {
  return isSearch ? (
    <Empty title="No line matches">
      <p>Change the search, or clear it.</p>
    </Empty>
  ) : (
    <Empty title="No lines yet">
      <p>What your services print appears here.</p>
    </Empty>
  )
}
