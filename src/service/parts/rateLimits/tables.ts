import { moved } from '../../../tables/moved.ts'
import type { TableVersion } from '../../../tables/room.ts'

/** The table of counted requests. It is unlogged: after a crash it is empty, and each caller gets a new quota once. */
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
