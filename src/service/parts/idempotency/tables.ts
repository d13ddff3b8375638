import { moved } from '../../../tables/moved.ts'
import type { TableVersion } from '../../../tables/room.ts'

/**
 * The keys of 0.1.0 belonged to everybody, and now each caller has keys of its own. Whoever sends no credentials keeps those of
 * 0.1.0; others get them no more, for a key does not show whose result it is. An
 * operation has its service's name before it now, and a digest is base64url.
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

/** Where keys and results are kept. */
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
]
