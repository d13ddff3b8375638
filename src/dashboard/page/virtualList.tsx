import type { JSX, RefObject } from 'preact'
import { flushSync } from 'preact/compat'
import { useEffect, useLayoutEffect, useState } from 'preact/hooks'

/** A list of which only the visible rows are in the page. All rows have the same height. */
export interface VirtualListProps<Item> {
  readonly items: readonly Item[]
  readonly rowHeight: number
  readonly label: string
  readonly role?: 'table' | 'treegrid'
  readonly row: (item: Item, index: number) => JSX.Element
  /** The element that scrolls. */
  readonly scroller: RefObject<HTMLDivElement | null>
  /** Shows the last rows, also when others come. */
  readonly followsEnd?: boolean
  readonly onScroll?: (at: { isAtTop: boolean; isAtBottom: boolean }) => void
  readonly head?: JSX.Element
  readonly empty?: JSX.Element
}

/** Rows beyond each edge, so that a fast scroll shows no gap. */
const spare = 6
/** Rows on paper. */
const mostPrinted = 1000

export function VirtualList<Item>(props: VirtualListProps<Item>): JSX.Element {
  const { items, rowHeight, label, role = 'table', row, scroller, followsEnd = false, onScroll, head, empty } = props
  const [firstVisible, setFirstVisible] = useState(0)
  const [height, setHeight] = useState(800)
  useLayoutEffect(() => {
    const element = scroller.current!
    const measure = (): void => setHeight(element.clientHeight)
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  const read = (): void => {
    const { scrollTop, scrollHeight, clientHeight } = scroller.current!
    setFirstVisible(Math.floor(scrollTop / rowHeight))
    onScroll?.({ isAtTop: scrollTop < 4, isAtBottom: scrollTop + clientHeight > scrollHeight - 4 })
  }
  useLayoutEffect(() => {
    if (followsEnd) scroller.current!.scrollTop = scroller.current!.scrollHeight
  }, [followsEnd, items])
  const isPrinting = usePrinting()
  const rowsInView = Math.ceil(height / rowHeight) + 1
  // The end is drawn at once: the browser tells its position only a frame later.
  const from = (followsEnd ? items.length - rowsInView : firstVisible) - spare
  const first = isPrinting ? 0 : Math.max(0, from)
  const visible = items.slice(first, isPrinting ? mostPrinted : first + rowsInView + 2 * spare)
  return (
    <div class="list" ref={scroller} onScroll={read}>
      {items.length === 0 ? (
        empty
      ) : (
        <div role={role} aria-label={label} aria-rowcount={items.length}>
          {head}
          <div role="rowgroup" class="rows" style={{ height: `${items.length * rowHeight}px` }}>
            <div style={{ transform: `translateY(${first * rowHeight}px)` }} role="presentation">
              {visible.map((item, i) => row(item, first + i))}
            </div>
          </div>
        </div>
      )}
    </div>
  )
}

/** Scrolls so that a row is visible. */
export function showRow(scroller: HTMLElement, index: number, rowHeight: number): void {
  const top = index * rowHeight
  if (top < scroller.scrollTop) scroller.scrollTop = top
  else if (top + 2 * rowHeight > scroller.scrollTop + scroller.clientHeight) {
    scroller.scrollTop = top + 2 * rowHeight - scroller.clientHeight
  }
}

/** Whether the page is being printed: paper does not scroll. */
function usePrinting(): boolean {
  const [query] = useState(() => matchMedia('print'))
  const [isPrinting, setPrinting] = useState(query.matches)
  useEffect(() => {
    // At once, because the browser prints what is there when the listeners return.
    const read = (): void => flushSync(() => setPrinting(query.matches))
    query.addEventListener('change', read)
    return () => query.removeEventListener('change', read)
  }, [query])
  return isPrinting
}

/** Whether the page is as narrow as a telephone. */
export function useNarrow(): boolean {
  const [query] = useState(() => matchMedia('(max-width: 720px)'))
  const [isNarrow, setNarrow] = useState(query.matches)
  useEffect(() => {
    const read = (): void => setNarrow(query.matches)
    query.addEventListener('change', read)
    return () => query.removeEventListener('change', read)
  }, [query])
  return isNarrow
}
