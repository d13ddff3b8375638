import type { DashboardState } from '../model/state.ts'
import type { Connection } from './api.ts'
import type { Address } from './route.ts'

/** What every view gets. */
export interface ViewProps {
  readonly state: DashboardState
  readonly address: Address
  readonly onConnection: (connection: Connection) => void
}
