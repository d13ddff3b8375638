import { moved } from '../../../tables/moved.ts'
import type { TableVersion } from '../../../tables/room.ts'

/**
 * In 0.1.0 all callers shared their keys. Now each caller has its own. Callers without credentials keep the old keys.
 * Others do not, because a key does not show whose result it has. An operation now has its service's name before it,
 * and digests are base64url.
 */
const keysOf010 = `
  DO $$
  BEGIN
    IF to_regclass('tricube_idempotent') IS NOT NULL THEN
      INSERT INTO tricube.idempotency (operation, scope, key, input, token, leased_until, result, created_at)
      SELECT current_setting('tricube.service') || '.' || operation, rtrim(translate(encode(sha256('""'), 'base64'), '+/', '-_'), '='), key,
        rtrim(translate(input, '+/', '-_'), '='), '', created_at, coalesce(result::text, 'null'), created_at
      FROM tricube_idempotent
      ON CONFLICT DO NOTHING;
    END IF;
  END
  $$;
`

/** The table of keys and results. */
export const tables: readonly TableVersion[] = [
  {
    version: 1,
    sql: `
      ${moved({ from: 'tricube_idempotency', to: 'idempotency' })}
      CREATE TABLE IF NOT EXISTS tricube.idempotency (
        operation text NOT NULL,
        scope text NOT NULL,
        key text NOT NULL,
        input text NOT NULL,
        token text NOT NULL,
        leased_until timestamptz NOT NULL,
        result text,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (operation, scope, key)
      );
      ${keysOf010}
    `,
  },
  // An older release takes such a key for one that still runs: it lets a repeated call wait, and runs nothing twice.
  { version: 2, sql: 'ALTER TABLE tricube.idempotency ADD COLUMN failure text' },
]
