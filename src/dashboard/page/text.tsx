/** Text from services. It is only ever text: what moves, hides or turns characters is shown as an escape. */
import type { JSX } from 'preact'
import { printable } from '../../bytes/printable.ts'

/** A text within a line; text that runs from right to left does not turn what is around it. */
export function Text({ value }: { readonly value: string }): JSX.Element {
  return <bdi>{printable(value)}</bdi>
}

/** A text of many lines, such as a statement or a stack. */
export function Block({ value }: { readonly value: string }): JSX.Element {
  return (
    <pre class="block" tabIndex={0}>
      {value.split(/\r?\n/).map(printable).join('\n')}
    </pre>
  )
}
