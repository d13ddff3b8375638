/** Tables for a page: what a contract needs of them. The rest of Drizzle does nothing here, because pages have no database. */
import { columnsOf } from '../../schema/models/columns.ts'
import type { LightBuilder } from './column.ts'
import * as columns from './columns.ts'

export * from './columns.ts'

type Builders = Readonly<Record<string, LightBuilder>>
/** The columns of a table, as an object or as a function of all column types. */
type Columns = Builders | ((types: typeof columns) => Builders)

/** Returns a table with the columns that `insertSchema`, `updateSchema` and `selectSchema` read. */
export function pgTable(_name: string, given: Columns): object {
  const builders = typeof given === 'function' ? given(columns) : given
  const built = Object.fromEntries(Object.entries(builders).map(([name, { column }]) => [name, column]))
  const table = { ...built }
  return Object.defineProperties(table, {
    [columnsOf]: { value: built },
    enableRLS: { value: () => table },
  })
}

export function pgTableCreator(): typeof pgTable {
  return pgTable
}

export function pgSchema(): object {
  return { ...inertMembers(['view', 'materializedView', 'sequence']), table: pgTable, enum: columns.pgEnum }
}

/** Accepts every use and does nothing. */
const inert: unknown = new Proxy(function () {}, {
  get: (_target, name) => (name === Symbol.toPrimitive ? () => '' : name === 'then' ? undefined : inert),
  apply: () => inert,
  construct: () => inert as object,
})

function inertMembers(names: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(names.map((name) => [name, inert]))
}

export {
  inert as alias,
  inert as check,
  inert as foreignKey,
  inert as index,
  inert as pgMaterializedView,
  inert as pgPolicy,
  inert as pgRole,
  inert as pgSequence,
  inert as pgView,
  inert as primaryKey,
  inert as relations,
  inert as sql,
  inert as unique,
  inert as uniqueIndex,
}
