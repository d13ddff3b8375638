/** The results of the tags. */
import { DatabaseError } from '../errors/databaseError.ts'
import type { RowForm } from '../connection/statementCache.ts'
import type { Encode } from '../values/encoders.ts'
import type { DecoderOf, RowDecoder } from '../wire/decoder.ts'

/** Turns the rows of a statement into its result. */
export interface ResultMapper {
  readonly form: RowForm
  /** Decoders instead of the connection's own. */
  readonly decoderOf?: DecoderOf
  /** Encodes all values, instead of an encoder for each type. */
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

/** Returns the first byte of the command tag. */
export const tag: ResultMapper = { form: 'array', result: (_rows, _rowCount, byte) => byte }

function exactlyOne(rows: readonly unknown[]): unknown {
  if (rows.length === 1) return rows[0]
  throw rows.length === 0
    ? new DatabaseError('P0002', 'expected one row, got none')
    : new DatabaseError('P0003', `expected one row, got ${rows.length}`)
}
