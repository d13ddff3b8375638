/** What the tags make of a statement's rows. */
import { DatabaseError } from '../errors/databaseError.ts'
import type { RowForm } from '../connection/statementCache.ts'
import type { Encode } from '../values/encoders.ts'
import type { DecoderOf, RowDecoder } from '../wire/decoder.ts'

/** What is made of a statement's rows. */
export interface ResultMapper {
  readonly form: RowForm
  /** Other decoders than the connection's own. */
  readonly decoderOf?: DecoderOf
  /** How all values are written, instead of by the types of the parameters. */
  readonly encode?: Encode
  result(rows: unknown[], rowCount: number, tag: number, decode: RowDecoder<unknown> | undefined): unknown
}

export const one: ResultMapper = { form: 'object', result: exactlyOne }

export const maybeOne: ResultMapper = {
  form: 'object',
  result: (rows) => (rows.length === 0 ? undefined : exactlyOne(rows)),
}

export const many: ResultMapper = { form: 'object', result: (rows) => rows }

export const value: ResultMapper = { form: 'value', result: exactlyOne }

export const count: ResultMapper = { form: 'array', result: (_rows, rowCount) => rowCount }

/** The first byte of the command tag. */
export const tag: ResultMapper = { form: 'array', result: (_rows, _rowCount, byte) => byte }

function exactlyOne(rows: readonly unknown[]): unknown {
  if (rows.length === 1) return rows[0]
  throw rows.length === 0
    ? new DatabaseError('P0002', 'expected one row, got none')
    : new DatabaseError('P0003', `expected one row, got ${rows.length}`)
}
