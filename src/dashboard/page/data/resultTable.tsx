import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Cells } from '../../model/data.ts'
import { count } from '../format.ts'
import { Fields } from '../spanDetail.tsx'
import { Text } from '../text.tsx'

/** A column of a result. */
export interface ResultColumn {
  readonly name: string
  /** Whether it is sorted by. */
  readonly sort?: 'ascending' | 'descending' | undefined
  readonly onSort?: () => void
  /** Where a value of it leads. */
  readonly hrefOf?: ((cell: string) => string) | undefined
}

interface ResultTableProps {
  readonly label: string
  readonly columns: readonly ResultColumn[]
  readonly rows: readonly Cells[]
  /** The number of the first row. */
  readonly first?: number
}

/** Rows in the page at first: more elements than that make a click slow. */
const pageRows = 100
/** Characters of a cell in the table; the row's detail has all. */
const longestCell = 120

/** Rows and columns, and the row that is open beside them. */
export function ResultTable({ label, columns, rows, first = 1 }: ResultTableProps): JSX.Element {
  const [open, setOpen] = useState<number | undefined>(undefined)
  const [shown, setShown] = useState(pageRows)
  const opened = open === undefined ? undefined : rows[open]
  return (
    <div class={opened ? 'split result' : 'split whole result'}>
      <div class="list" onKeyDown={moveBetweenRows}>
        <table class="cells" aria-label={label}>
          <thead>
            <tr>
              <th scope="col">
                <span class="visually-hidden">Row</span>
              </th>
              {columns.map(({ name, sort, onSort }, i) => (
                <th key={i} scope="col" aria-sort={sort}>
                  {onSort ? (
                    <button type="button" class="link" onClick={onSort}>
                      <Text value={name} /> {sort && <span aria-hidden="true">{sort === 'ascending' ? '↑' : '↓'}</span>}
                    </button>
                  ) : (
                    <Text value={name} />
                  )}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, shown).map((row, i) => (
              <tr key={i} class={i === open ? 'selected' : ''} onClick={() => setOpen(i === open ? undefined : i)}>
                <td>
                  <button type="button" class="link" aria-label={`Row ${first + i}`} aria-expanded={i === open}>
                    {first + i}
                  </button>
                </td>
                {row.map((cell, column) => (
                  <td key={column}>
                    <Cell cell={cell} hrefOf={columns[column]?.hrefOf} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
        {rows.length > shown && (
          <button type="button" class="older" onClick={() => setShown(shown + pageRows)}>
            Show {count(Math.min(pageRows, rows.length - shown), 'more row')}
          </button>
        )}
      </div>
      {opened && (
        <aside class="detail" aria-label="Row">
          <div class="detail-head">
            <h2>Row {first + open!}</h2>
            <button type="button" class="small" onClick={() => setOpen(undefined)} aria-label="Close the row">
              ✕
            </button>
          </div>
          <Fields fields={columns.map(({ name }, i) => [name, opened[i] ?? 'null'] as const)} />
        </aside>
      )}
    </div>
  )
}

function Cell({
  cell,
  hrefOf,
}: {
  readonly cell: string | null
  readonly hrefOf: ((cell: string) => string) | undefined
}): JSX.Element {
  if (cell === null) return <span class="dim">null</span>
  const text = cell.length > longestCell ? `${cell.slice(0, longestCell)}…` : cell
  if (!hrefOf) return <Text value={text} />
  return (
    <a href={hrefOf(cell)} onClick={(event) => event.stopPropagation()}>
      <Text value={text} />
    </a>
  )
}

/** Up and down go from the button of a row to that of the next. */
function moveBetweenRows(event: KeyboardEvent): void {
  const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key]
  const row = (event.target as HTMLElement).closest('tbody tr')
  if (step === undefined || !row) return
  event.preventDefault()
  const next = step === 1 ? row.nextElementSibling : row.previousElementSibling
  next?.querySelector<HTMLElement>('button')?.focus()
}
