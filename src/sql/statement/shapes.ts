/** What the tags make of a statement's rows. */
import { DatabaseError } from '../errors/databaseError.ts'
import type { Shape } from './scope.ts'

export const one: Shape = { form: 'object', result: exactlyOne }

export const maybeOne: Shape = { form: 'object', result: (rows) => (rows.length === 0 ? undefined : exactlyOne(rows)) }

export const many: Shape = { form: 'object', result: (rows) => rows }

export const value: Shape = { form: 'value', result: exactlyOne }

export const count: Shape = { form: 'array', result: (_rows, rowCount) => rowCount }

/** The first byte of the command tag. */
export const tag: Shape = { form: 'array', result: (_rows, _rowCount, byte) => byte }

function exactlyOne(rows: readonly unknown[]): unknown {
  if (rows.length === 1) return rows[0]
  throw rows.length === 0
    ? new DatabaseError('P0002', 'expected one row, got none')
    : new DatabaseError('P0003', `expected one row, got ${rows.length}`)
}
