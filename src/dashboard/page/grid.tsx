/** A table of rows that lead somewhere. */
import type { ComponentChildren, JSX } from 'preact'
import { TableHead, type TableHeadProps } from './ui.tsx'

export interface GridProps extends TableHeadProps {
  readonly children: ComponentChildren
}

export function Grid({ caption, heads, children }: GridProps): JSX.Element {
  return (
    <table class="grid">
      <TableHead caption={caption} heads={heads} />
      <tbody onKeyDown={moveFocus}>{children}</tbody>
    </table>
  )
}

export interface GridRowProps {
  readonly href: string
  readonly isSelected: boolean
  /** What the first cell says: it is the link. */
  readonly first: ComponentChildren
  /** The other cells, with their classes. */
  readonly cells: readonly (readonly [className: string, content: ComponentChildren])[]
}

/** A row: a click anywhere on it follows the link of its first cell. */
export function GridRow({ href, isSelected, first, cells }: GridRowProps): JSX.Element {
  return (
    <tr class={isSelected ? 'selected' : ''} onClick={({ target }) => followLink(target as HTMLElement, href)}>
      <td>
        <a href={href} aria-current={isSelected ? 'true' : undefined}>
          {first}
        </a>
      </td>
      {cells.map(([className, content], i) => (
        <td key={i} class={className}>
          {content}
        </td>
      ))}
    </tr>
  )
}

function followLink(target: HTMLElement, href: string): void {
  if (!target.closest('a, button')) location.hash = href
}

/** Arrows, `j` and `k` go from link to link. */
function moveFocus(event: KeyboardEvent): void {
  const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key]
  const target = event.target as HTMLElement
  if (step === undefined || !target.matches('td:first-child a')) return
  event.preventDefault()
  const links = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('td:first-child a')]
  links[links.indexOf(target) + step]?.focus()
}
