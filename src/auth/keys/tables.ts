import type { TableVersion } from '../../tables/room.ts'

/** The table of API keys. It has their digests, so a copy of it lets nobody in. */
export const keyTables: readonly TableVersion[] = [
  {
    version: 1,
    sql: `
      CREATE TABLE tricube.api_keys (
        id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
        digest bytea NOT NULL UNIQUE,
        ending text NOT NULL,
        name text NOT NULL,
        owner text NOT NULL,
        scopes text[] NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz,
        last_used_at timestamptz,
        revoked_at timestamptz
      );
      CREATE INDEX api_keys_owner ON tricube.api_keys (owner);
    `,
  },
]
