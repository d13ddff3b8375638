import type { TableVersion } from '../tables/room.ts'

/**
 * The tables of waiting and running jobs, dead jobs, workers and schedules.
 *
 * Done jobs are deleted, so the table stays small and cheap to scan. Rows change at every step of a job. So pages leave room
 * for the next version of a row, and vacuum starts after a number of dead rows, not after a share of the table.
 */
export const queueTables: readonly TableVersion[] = [
  {
    version: 1,
    sql: `
      CREATE TABLE tricube.jobs (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL,
        input text NOT NULL,
        priority smallint NOT NULL,
        run_at timestamptz NOT NULL,
        key text,
        unique_key text,
        attempt integer NOT NULL DEFAULT 0,
        worker bigint,
        held boolean NOT NULL DEFAULT false,
        after bigint,
        trace text,
        error text,
        created_at timestamptz NOT NULL DEFAULT now()
      ) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 10000);
      COMMENT ON COLUMN tricube.jobs.worker IS 'who runs it: tricube.job_workers; NULL: it waits';
      COMMENT ON COLUMN tricube.jobs.held IS 'it waits for another job of its key';
      COMMENT ON COLUMN tricube.jobs.after IS 'the last job of its key that has ended';
      CREATE INDEX jobs_waiting ON tricube.jobs (name, priority, run_at, id) WHERE worker IS NULL AND NOT held;
      CREATE INDEX jobs_running ON tricube.jobs (worker) WHERE worker IS NOT NULL;
      CREATE UNIQUE INDEX jobs_unique ON tricube.jobs (name, unique_key) WHERE unique_key IS NOT NULL;
      CREATE INDEX jobs_key ON tricube.jobs (name, key, id) WHERE key IS NOT NULL;
      CREATE UNIQUE INDEX jobs_key_running ON tricube.jobs (name, key) WHERE key IS NOT NULL AND worker IS NOT NULL;

      CREATE TABLE tricube.dead_jobs (
        id bigint PRIMARY KEY,
        name text NOT NULL,
        input text NOT NULL,
        priority smallint NOT NULL,
        key text,
        attempt integer NOT NULL,
        trace text,
        error text NOT NULL,
        created_at timestamptz NOT NULL,
        died_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX dead_jobs_name ON tricube.dead_jobs (name, died_at);

      CREATE TABLE tricube.job_workers (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        leased_until timestamptz NOT NULL,
        name text NOT NULL
      ) WITH (fillfactor = 50);
    `,
  },
  {
    version: 2,
    sql: `
      CREATE TABLE tricube.job_schedules (
        name text PRIMARY KEY,
        pattern text NOT NULL,
        due_at timestamptz NOT NULL
      );
    `,
  },
  {
    version: 3,
    sql: `
      CREATE TABLE tricube.job_limits (
        name text PRIMARY KEY,
        begins_at timestamptz NOT NULL DEFAULT now()
      ) WITH (fillfactor = 50);
      COMMENT ON COLUMN tricube.job_limits.begins_at IS 'when the next job would begin, if all had kept the rate';
    `,
  },
]
