/** What the page knows of the databases of services. All cells are text, as PostgreSQL writes them. */

/** A database of a service. */
export interface DatabaseRow {
  /** Names it in requests: `user-service/primary`. */
  readonly id: string
  readonly service: string
  /** `primary`, `replica 1`, or those of a shard: `eu/primary`. */
  readonly name: string
  readonly role: 'primary' | 'replica'
  /** Its host, port and name, without the user and the password. */
  readonly address: string
  /** Whether the service has migrations for it. */
  readonly hasMigrations: boolean
}

/** A table, a view or a foreign table. */
export interface TableRow {
  readonly schema: string
  readonly name: string
  readonly kind: 'table' | 'view' | 'materialized view' | 'foreign table' | 'partitioned table'
  /** About how many rows it has, as of its last ANALYZE; undefined if that has never run. */
  readonly rows?: number
  /** With its indexes. */
  readonly bytes: number
  readonly comment?: string
}

/** A column of a table. */
export interface ColumnRow {
  readonly name: string
  readonly type: string
  readonly isNullable: boolean
  readonly isKey: boolean
  /** Whether its values are hidden because it is named like a secret. */
  readonly isSecret: boolean
  readonly default?: string
  readonly comment?: string
  /** The column that its foreign key leads to. */
  readonly references?: { readonly schema: string; readonly table: string; readonly column: string }
}

/** A table with its columns and indexes. */
export interface TableDetail {
  readonly columns: readonly ColumnRow[]
  /** Their definitions, as SQL. */
  readonly indexes: readonly string[]
  /** Checks, keys and exclusions, as SQL. */
  readonly constraints: readonly string[]
}

/** The rows of a result. A cell is null, or text that may be cut. */
export type Cells = readonly (string | null)[]

/** A page of a table's rows. */
export interface RowPage {
  readonly columns: readonly string[]
  readonly rows: readonly Cells[]
  readonly hasMore: boolean
  /** How many rows match; at most `mostCounted`. */
  readonly count: number
}

/** Rows are counted up to this number. */
export const mostCounted = 10_000

/** The result of a statement of the editor. */
export interface SqlResult {
  readonly columns: readonly string[]
  readonly rows: readonly Cells[]
  /** Whether there were more rows, or more bytes, than are shown. */
  readonly isCut: boolean
  /** The server's word for it: `UPDATE 3`. */
  readonly command: string
  readonly notices: readonly string[]
  readonly durationMs: number
}

/** A statement's plan. */
export interface Plan {
  readonly text: string
  /** The types of its parameters. Their values are unknown: a span has none. */
  readonly parameters: readonly string[]
}

/** A migration of a service. */
export interface MigrationRow {
  readonly id: string
  readonly state: 'applied' | 'pending' | 'changed' | 'missing' | 'late'
  readonly author?: string | undefined
  /** ISO 8601. */
  readonly appliedAt?: string | undefined
  readonly durationMs?: number | undefined
}

/** The connections of a service to one of its servers, from the service's metrics. */
export interface ConnectionRow {
  /** `primary`, `eu/replica 1` */
  readonly server: string
  readonly lanes: { readonly up: number; readonly down: number; readonly inFlight: number; readonly waiting: number }
  readonly pool: { readonly used: number; readonly idle: number; readonly waiting: number }
  readonly lagMs?: number
}

/** A session of the server. */
export interface SessionRow {
  readonly pid: string
  readonly application: string
  readonly state: string
  /** Seconds in this state. */
  readonly seconds: number
  /** What it waits for; empty if nothing. */
  readonly wait: string
  /** The sessions that hold what it waits for. */
  readonly blockedBy: string
  readonly statement: string
}

/** The connections as the service and as the server see them. */
export interface Connections {
  readonly service: readonly ConnectionRow[] | { readonly failure: string }
  readonly sessions: readonly SessionRow[] | { readonly failure: string }
}

/** Statements of one text, from the spans. */
export interface StatementRow {
  readonly service: string
  /** The name of the database; empty if the spans do not tell. */
  readonly database: string
  readonly text: string
  readonly count: number
  readonly errors: number
  readonly totalMs: number
  readonly p50Ms: number
  readonly maxMs: number
  /** The trace and the span of the slowest. */
  readonly slowest: { readonly traceId: string; readonly spanId: string }
}

/** Why something of a database cannot be shown: a response like any other, because the user's SQL may be at fault. */
export interface Failure {
  readonly failure: string
}

/** A value, or why there is none. */
export type Outcome<Value> = Value | Failure

export function isFailure(outcome: object): outcome is Failure {
  return 'failure' in outcome
}
