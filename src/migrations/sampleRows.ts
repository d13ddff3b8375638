import type { Client } from 'pg'

/**
 * Inserts rows into all tables: one for each value of its enums, one with nulls where they are allowed. Equal types have
 * equal values within a row, so that references hold. Rows that a constraint rejects are left out.
 */
export async function addRows(client: Client): Promise<void> {
  await client.query('RESET ALL; RESET ROLE')
  // Allows references in any order. It needs a superuser; without one some rows are left out.
  await client.query('SET session_replication_role = replica').catch(() => {})
  const { rows: tables } = await client.query<Table>(readTables)
  for (const { name, columns } of tables) {
    const most = Math.max(2, ...columns.map(({ labels }) => labels?.length ?? 0))
    for (let row = 1; row <= most; row++) await addRow(client, name, columns, row)
  }
  await client.query('RESET session_replication_role').catch(() => {})
}

interface Table {
  /** Quoted, with its schema. */
  readonly name: string
  readonly columns: readonly Column[]
}

interface Column {
  /** Quoted. */
  readonly name: string
  /** As PostgreSQL prints it: `character varying(80)`. */
  readonly type: string
  readonly category: string
  readonly required: boolean
  readonly labels: readonly string[] | null
}

/** All columns except generated columns and identities, which PostgreSQL fills. */
const readTables = `
  SELECT attrelid::regclass::text AS name, json_agg(json_build_object(
           'name', quote_ident(attname), 'type', format_type(atttypid, atttypmod), 'category', typcategory,
           'required', attnotnull,
           'labels', (SELECT json_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum
                      WHERE enumtypid = CASE typelem WHEN 0 THEN pg_type.oid ELSE typelem END)
         ) ORDER BY attnum) AS columns
  FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid JOIN pg_type ON pg_type.oid = atttypid
  WHERE relkind IN ('r', 'p') AND NOT relispartition AND attnum > 0 AND NOT attisdropped
    AND attgenerated = '' AND attidentity <> 'a' AND relnamespace::regnamespace::text !~ '^pg_|^information_schema$'
  GROUP BY attrelid`

async function addRow(client: Client, table: string, columns: readonly Column[], row: number): Promise<void> {
  const set = columns.filter(({ required }) => required || row !== 2)
  const names = set.map(({ name }) => name).join(', ')
  const values = set.map((column) => `${literal(valueOf(column, row))}::${column.type}`).join(', ')
  const filled = set.length === 0 ? 'DEFAULT VALUES' : `(${names}) VALUES (${values})`
  await client.query(`INSERT INTO ${table} ${filled}`).catch(() => {})
}

/** By `typcategory`, https://www.postgresql.org/docs/current/catalog-pg-type.html, and by name for broad categories. */
function valueOf({ type, category, labels }: Column, row: number): string | undefined {
  if (labels && category === 'A') return `{${labels.map((label) => JSON.stringify(label)).join(',')}}`
  if (labels) return labels[(row - 1) % labels.length]
  if (type === 'uuid') return `00000000-0000-4000-8000-${String(row).padStart(12, '0')}`
  if (/^jsonb?$/.test(type)) return '{}'
  if (type === 'bytea') return '\\x00'
  return byCategory[category]?.(row)
}

const byCategory: Readonly<Record<string, (row: number) => string>> = {
  A: () => '{}',
  B: () => 'true',
  D: (row) => `200${row % 10}-01-01 00:00:00`,
  G: (row) => `(${row},${row})`,
  I: (row) => `127.0.0.${row}`,
  N: String,
  R: () => 'empty',
  S: String,
  T: (row) => `${row} days`,
  V: () => '0',
}

function literal(value: string | undefined): string {
  return value === undefined ? 'NULL' : `'${value.replaceAll("'", "''")}'`
}
