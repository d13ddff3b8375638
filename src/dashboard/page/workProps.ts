import type { ServiceWork } from '../model/work.ts'

/** What the lists of jobs and events get. */
export interface WorkProps {
  readonly works: readonly ServiceWork[]
  /** The filter and the selection. */
  readonly query: Readonly<Record<string, string>>
  readonly linkTo: (changed: Readonly<Record<string, string | undefined>>) => string
  readonly reload: () => void
}
