/** What PostgreSQL knows of tables: https://www.postgresql.org/docs/current/catalogs.html */
import { isSecret } from '../../log/secretNames.ts'
import type { ColumnRow, SessionRow, TableDetail, TableRow } from '../model/data.ts'
import type { Session } from './session.ts'

const mostTables = 2000

/** Lists the tables and views, those of the services first. */
export async function tablesOf(session: Session): Promise<TableRow[]> {
  const { rows } = await session.run(
    `SELECT n.nspname, c.relname, c.relkind, c.reltuples::bigint, pg_total_relation_size(c.oid),
            obj_description(c.oid, 'pg_class')
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND NOT c.relispartition
       AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
     ORDER BY n.nspname = 'tricube', n.nspname <> 'public', n.nspname, c.relname`,
    [],
    mostTables,
  )
  return rows.map(([schema, name, kind, tuples, bytes, comment]) => ({
    schema: schema!,
    name: name!,
    kind: kinds[kind!]!,
    bytes: Number(bytes),
    ...(Number(tuples) >= 0 && kind !== 'v' && { rows: Number(tuples) }),
    ...(comment !== null && comment !== undefined && { comment }),
  }))
}

const kinds: Readonly<Record<string, TableRow['kind']>> = {
  r: 'table',
  v: 'view',
  m: 'materialized view',
  f: 'foreign table',
  p: 'partitioned table',
}

/** A table by its names, which come from the page. */
export interface TableName {
  readonly schema: string
  readonly table: string
}

/** Returns the columns, indexes and constraints of a table; undefined if there is no such table. */
export async function tableOf(session: Session, { schema, table }: TableName): Promise<TableDetail | undefined> {
  const values = [schema, table]
  const columns = await session.run(
    `SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid),
            col_description(c.oid, a.attnum), coalesce(a.attnum = ANY (k.conkey), false),
            rn.nspname, r.relname, ra.attname
     ${fromTable}
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p'
     LEFT JOIN LATERAL (
       SELECT confrelid, confkey[1] AS attnum FROM pg_constraint
       WHERE conrelid = c.oid AND contype = 'f' AND conkey = ARRAY[a.attnum] ORDER BY oid LIMIT 1
     ) f ON true
     LEFT JOIN pg_class r ON r.oid = f.confrelid
     LEFT JOIN pg_namespace rn ON rn.oid = r.relnamespace
     LEFT JOIN pg_attribute ra ON ra.attrelid = r.oid AND ra.attnum = f.attnum
     WHERE n.nspname = $1 AND c.relname = $2 ORDER BY a.attnum`,
    values,
  )
  if (columns.rows.length === 0) return undefined
  const indexes = await session.run(
    `SELECT pg_get_indexdef(i.indexrelid) ${fromTable} JOIN pg_index i ON i.indrelid = c.oid
     WHERE n.nspname = $1 AND c.relname = $2 ORDER BY i.indisprimary DESC, 1`,
    values,
  )
  const constraints = await session.run(
    `SELECT quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid) ${fromTable} JOIN pg_constraint k ON k.conrelid = c.oid
     WHERE n.nspname = $1 AND c.relname = $2 AND k.contype IN ('p', 'u', 'f', 'c', 'x') ORDER BY k.contype, k.conname`,
    values,
  )
  return {
    columns: columns.rows.map(columnOf),
    indexes: indexes.rows.map(([text]) => text!),
    constraints: constraints.rows.map(([text]) => text!),
  }
}

const fromTable = 'FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace'

function columnOf(row: readonly (string | null)[]): ColumnRow {
  const [name, type, notNull, byDefault, comment, isKey, schema, table, column] = row
  return {
    name: name!,
    type: type!,
    isNullable: notNull === 'f',
    isKey: isKey === 't',
    isSecret: isSecret(name!),
    ...(byDefault !== null && byDefault !== undefined && { default: byDefault }),
    ...(comment !== null && comment !== undefined && { comment }),
    ...(table && column && { references: { schema: schema!, table, column } }),
  }
}

const mostSessions = 200

/** Lists the sessions of this database, those that work first. */
export async function sessionsOf(session: Session): Promise<SessionRow[]> {
  const { rows } = await session.run(
    `SELECT pid, application_name, coalesce(state, ''), extract(epoch FROM now() - state_change)::numeric(12, 1),
            coalesce(wait_event_type || ': ' || wait_event, ''), array_to_string(pg_blocking_pids(pid), ', '), left(query, 1000)
     FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
     ORDER BY state <> 'active', state_change`,
    [],
    mostSessions,
  )
  return rows.map(([pid, application, state, seconds, wait, blockedBy, statement]) => ({
    pid: pid!,
    application: application ?? '',
    state: state ?? '',
    seconds: Number(seconds),
    wait: state === 'active' ? (wait ?? '') : '',
    blockedBy: blockedBy ?? '',
    statement: statement ?? '',
  }))
}
