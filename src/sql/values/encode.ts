import { DatabaseError } from '../errors/databaseError.ts'
import { ParameterError } from '../errors/parameterError.ts'
import { type Encode, scalar, UnsupportedValue } from './encoders.ts'
import type { Encoded } from '../wire/output.ts'

const maxParameters = 65_535

/**
 * Encodes the values of a Bind message.
 *
 * @throws {TypeError} for a value that no parameter accepts, with its position
 * @throws {DatabaseError} for a value that cannot be written, with its position
 */
export function encodeAll(
  values: readonly unknown[],
  encoders: readonly Encode[] | undefined,
  fallback: Encode = scalar,
): readonly Encoded[] {
  if (values.length > maxParameters) {
    throw new DatabaseError(
      '54000',
      `a statement can have ${maxParameters} parameters, got ${values.length}: use batch or db.in`,
    )
  }
  const encoded: Encoded[] = []
  for (let i = 0; i < values.length; i++) {
    const encode = encoders?.[i] ?? fallback
    try {
      encoded.push(encode(values[i]))
    } catch (cause) {
      if (cause instanceof UnsupportedValue) {
        throw new ParameterError(`parameter $${i + 1}: ${cause.message}`)
      }
      throw new DatabaseError('22000', 'the value cannot be written as SQL', { parameter: i + 1, cause })
    }
  }
  return encoded
}
