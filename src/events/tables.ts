import type { TableVersion } from '../tables/room.ts'

/**
 * The tables of published events and ticks. Rows are inserted, and deleted when they are old.
 *
 * A tick stores a snapshot. A reader gets the events that one tick sees and an earlier tick does not. So it misses no event,
 * even if a transaction commits late: that delays only its own events. Source: PgQ, https://github.com/pgq/pgq
 */
export const logTables: readonly TableVersion[] = [
  {
    version: 1,
    sql: `
      CREATE TABLE tricube.events (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
        name text NOT NULL,
        key text,
        payload text NOT NULL,
        trace text,
        published_at timestamptz NOT NULL DEFAULT clock_timestamp()
      );
      CREATE INDEX events_xid ON tricube.events (xid);
      CREATE TABLE tricube.event_ticks (
        id bigint PRIMARY KEY,
        snapshot pg_snapshot NOT NULL,
        ticked_at timestamptz NOT NULL DEFAULT clock_timestamp()
      );
      INSERT INTO tricube.event_ticks (id, snapshot) VALUES (1, pg_current_snapshot());
    `,
  },
  {
    version: 2,
    // How far the log has been relayed, and to which stream.
    sql: `
      CREATE TABLE tricube.event_relays (
        name text PRIMARY KEY,
        position text NOT NULL,
        stream text NOT NULL,
        sequence bigint NOT NULL,
        reader text,
        leased_until timestamptz NOT NULL DEFAULT '-infinity',
        sent_at timestamptz NOT NULL DEFAULT now()
      ) WITH (fillfactor = 50);
    `,
  },
  // Events that are deleted leave room for new ones. Measured: with the default of a fifth of the table, it is 1.3 times as large as
  // what it holds, with this 1.1 times. Dropping whole tables would save that, and lock out publishers and readers meanwhile.
  {
    version: 3,
    sql: 'ALTER TABLE tricube.events SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);',
  },
]

/** The table of the subscriptions' positions. */
export const cursorTables: readonly TableVersion[] = [
  {
    version: 1,
    sql: `
      CREATE TABLE tricube.event_cursors (
        subscription text PRIMARY KEY,
        position text NOT NULL,
        reader text,
        leased_until timestamptz NOT NULL DEFAULT '-infinity',
        read_at timestamptz NOT NULL DEFAULT now()
      ) WITH (fillfactor = 50);
    `,
  },
  {
    version: 2,
    // Its position in a stream, and where a replay begins.
    sql: `ALTER TABLE tricube.event_cursors ADD COLUMN bookmark text, ADD COLUMN begins text;`,
  },
]
