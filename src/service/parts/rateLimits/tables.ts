import { moved } from '../../../tables/moved.ts'
import type { TableVersion } from '../../../tables/room.ts'

/** Where requests are counted. Unlogged: after a crash it is empty, and everybody has a fresh quota once. */
export const tables: readonly TableVersion[] = [
  {
    version: 1,
    sql: `
      ${moved({ from: 'tricube_rate_limits', to: 'rate_limits' })}
      CREATE UNLOGGED TABLE IF NOT EXISTS tricube.rate_limits (
        key text PRIMARY KEY,
        tat bigint NOT NULL
      ) WITH (fillfactor = 50);
    `,
  },
]
