import type { JSX } from 'preact'
import type { Failure } from '../../model/data.ts'
import { Block } from '../text.tsx'

/** Why something cannot be shown. */
export function FailureBlock({ failure: { failure } }: { readonly failure: Failure }): JSX.Element {
  return (
    <div class="bad failure" role="alert">
      <Block value={failure} />
    </div>
  )
}
