import type { ColumnRow, RowPage } from '../model/data.ts'
import { mostCounted } from '../model/data.ts'
import { parseRowFilter, type FilterTerm } from './rowFilter.ts'
import type { TableName } from './catalog.ts'
import type { Session } from './session.ts'

/** What a page of rows is asked for by. */
export interface RowQuery extends TableName {
  readonly filter: string
  /** A column, with `-` before it for the largest first. Empty: the primary key. */
  readonly sort: string
  readonly offset: number
}

/** Rows of a page. */
const pageSize = 100
/** Characters of a cell: the row is opened, or selected in the editor, to see more. */
const longestCell = 1000

/**
 * Reads a page of rows. A column that is named like a secret is never read.
 *
 * @throws {Error} when the filter names no column, or the server rejects a value
 */
export async function rowsOf(session: Session, columns: readonly ColumnRow[], query: RowQuery): Promise<RowPage> {
  const values: string[] = []
  const table = `${quoted(query.schema)}.${quoted(query.table)}`
  const where = whereOf(parseRowFilter(query.filter), columns, values)
  const from = `FROM ${table} AS t${where}`
  const selected = await session.run(
    `SELECT ${columns.map(cellOf).join(', ')} ${from}${orderOf(query.sort, columns)} LIMIT ${pageSize + 1} OFFSET ${query.offset}`,
    values,
  )
  const counted = await session.run(`SELECT count(*) FROM (SELECT ${from} LIMIT ${mostCounted}) AS counted`, values)
  return {
    columns: columns.map(({ name }) => name),
    rows: selected.rows.slice(0, pageSize).map((row) => row.map(shortened)),
    hasMore: selected.rows.length > pageSize,
    count: Number(counted.rows[0]![0]),
  }
}

function shortened(cell: string | null): string | null {
  return cell !== null && cell.length > longestCell ? `${cell.slice(0, longestCell)}…` : cell
}

/** Quotes an identifier. */
function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A cell as text, cut by the server: a page must not fetch megabytes. */
function cellOf({ name, type, isSecret }: ColumnRow): string {
  const column = `t.${quoted(name)}`
  if (isSecret) return `CASE WHEN ${column} IS NOT NULL THEN '[redacted]' END`
  if (type === 'bytea') return `left(substring(${column} FROM 1 FOR ${longestCell / 2})::text, ${longestCell + 1})`
  return `left(${column}::text, ${longestCell + 1})`
}

function whereOf(terms: readonly FilterTerm[], columns: readonly ColumnRow[], values: string[]): string {
  const conditions = terms.map((term) => conditionOf(term, columns, values))
  return conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`
}

function conditionOf({ column, operator, value }: FilterTerm, columns: readonly ColumnRow[], values: string[]): string {
  if (column === undefined) {
    const searched = columns.filter(({ isSecret, type }) => !isSecret && type !== 'bytea')
    if (searched.length === 0) return 'false'
    const parameter = `$${values.push(patternOf(value))}`
    return `(${searched.map(({ name }) => `t.${quoted(name)}::text ILIKE ${parameter}`).join(' OR ')})`
  }
  const found = columns.find(({ name }) => name === column) ?? columns.find(({ name }) => lower(name) === lower(column))
  if (!found) {
    const names = columns.map(({ name }) => name).join(', ')
    throw new Error(`there is no column ${column}: expected one of ${names}`)
  }
  const name = `t.${quoted(found.name)}`
  if (value === 'null' && operator === '=') return `${name} IS NULL`
  if (value === 'null' && operator === '!=') return `${name} IS NOT NULL`
  if (found.isSecret) throw new Error(`${found.name} is hidden because of its name: it cannot be searched`)
  if (operator === '~') return `${name}::text ILIKE $${values.push(patternOf(value))}`
  if (operator === '!=') return `${name} IS DISTINCT FROM $${values.push(value)}`
  return `${name} ${operator} $${values.push(value)}`
}

function lower(text: string): string {
  return text.toLowerCase()
}

/** https://www.postgresql.org/docs/current/functions-matching.html#FUNCTIONS-LIKE */
function patternOf(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`
}

/** Without an order of its own, a page would repeat rows of the one before. */
function orderOf(sort: string, columns: readonly ColumnRow[]): string {
  const isDescending = sort.startsWith('-')
  const column = columns.find(({ name, isSecret }) => name === sort.slice(isDescending ? 1 : 0) && !isSecret)
  const keys = columns.filter(({ isKey, isSecret }) => isKey && !isSecret).map(({ name }) => `t.${quoted(name)}`)
  const first = column ? [`t.${quoted(column.name)} ${isDescending ? 'DESC NULLS LAST' : 'ASC'}`] : []
  const all = [...first, ...keys]
  return all.length === 0 ? '' : ` ORDER BY ${all.join(', ')}`
}
