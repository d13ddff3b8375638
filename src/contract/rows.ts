/** Rows as a handler streams them, such as those of `db.stream`. */
export type Rows = AsyncIterable<object> | Iterable<object>

/** About how many characters are written at a time: one chunk for each row would cost ten times as much. */
const chunkLength = 16_384

/** Options of {@link csv}. */
export interface CsvOptions {
  /** The columns to write, in order, also when there are no rows. Default: those of the first row. */
  readonly columns?: readonly string[]
}

/**
 * Turns rows into CSV (RFC 4180), with the names of the columns as its first line. Text that a spreadsheet would run as a
 * formula begins with a quote. Memory does not grow with the rows.
 *
 * @example
 * const exportOrders = ({ db }: WorkContext) => ({
 *   content: csv(db.stream`SELECT id, total FROM orders`, { columns: ['id', 'total'] }),
 *   name: 'orders.csv',
 * })
 */
export async function* csv(rows: Rows, { columns }: CsvOptions = {}): AsyncGenerator<string> {
  let text = columns ? lineOf(columns) : ''
  for await (const row of rows) {
    if (!columns) {
      columns = Object.keys(row)
      text = lineOf(columns)
    }
    text += lineOf(columns.map((name) => (row as Record<string, unknown>)[name]))
    if (text.length < chunkLength) continue
    yield text
    text = ''
  }
  if (text !== '') yield text
}

/**
 * Turns rows into lines of JSON. Memory does not grow with the rows.
 *
 * @example
 * const exportOrders = ({ db }: WorkContext) => ({ content: ndjson(db.stream`SELECT * FROM orders`) })
 */
export async function* ndjson(rows: Rows): AsyncGenerator<string> {
  let text = ''
  for await (const row of rows) {
    text += `${JSON.stringify(row)}\n`
    if (text.length < chunkLength) continue
    yield text
    text = ''
  }
  if (text !== '') yield text
}

function lineOf(values: readonly unknown[]): string {
  return `${values.map(fieldOf).join(',')}\r\n`
}

function fieldOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  const text = typeof value === 'string' ? value : value instanceof Date ? value.toISOString() : JSON.stringify(value)
  // https://owasp.org/www-community/attacks/CSV_Injection
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
