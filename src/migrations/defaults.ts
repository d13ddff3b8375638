import type { Column, SQL } from 'drizzle-orm'

/** The functions of drizzle-orm used here; it is loaded only to compare models. */
export interface Orm {
  readonly is: typeof import('drizzle-orm').is
  readonly sql: typeof import('drizzle-orm').sql
  readonly getTableColumns: typeof import('drizzle-orm').getTableColumns
  readonly PgTable: typeof import('drizzle-orm/pg-core').PgTable
}

/**
 * Calls `work` with SQL for the column defaults that drizzle-kit would write wrongly: bigint, JSON, array elements, bytes,
 * and other objects.
 */
export function withWrittenDefaults<T>({ is, sql, getTableColumns, PgTable }: Orm, models: object, work: () => T): T {
  const columns = Object.values(models).flatMap((table) =>
    is(table, PgTable) ? (Object.values(getTableColumns(table)) as Writable[]) : [],
  )
  const changed = columns.flatMap((column) => {
    const text = defaultText(column)
    if (text === undefined) return []
    const before = column.default
    column.default = sql.raw(text)
    return [{ column, before }]
  })
  try {
    return work()
  } finally {
    for (const { column, before } of changed) column.default = before
  }
}

type Writable = Omit<Column, 'default'> & { default: unknown }

/** The SQL of a default; undefined for one that drizzle-kit writes correctly. */
function defaultText(column: Writable): string | undefined {
  const { default: value } = column
  const isJson = /^jsonb?$/i.test(column.getSQLType())
  if (typeof value === 'bigint') return String(value)
  if (isJson && value !== undefined && !isSql(value)) {
    return `${quote(JSON.stringify(value))}::${column.getSQLType().toLowerCase()}`
  }
  if (typeof value !== 'object' || value === null || value instanceof Date || isSql(value)) return undefined
  const encoded: unknown = column.mapToDriverValue(value)
  if (encoded instanceof Uint8Array) return `'\\x${Buffer.from(encoded).toString('hex')}'`
  return quote(typeof encoded === 'string' ? encoded : JSON.stringify(encoded))
}

function isSql(value: unknown): value is SQL {
  return typeof (value as { getSQL?: unknown } | null)?.getSQL === 'function'
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
