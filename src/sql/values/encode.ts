import { DatabaseError } from '../errors/databaseError.ts'
import { type Encode, scalar, UnsupportedValue } from './encoders.ts'
import type { Encoded } from '../wire/output.ts'

const mostParameters = 65_535

/**
 * The values of a Bind message. Throws a TypeError for what no parameter takes, and a DatabaseError for a value that
 * cannot be written; both have its position.
 */
export function encodeAll(
  values: readonly unknown[],
  encoders: readonly Encode[] | undefined,
  otherwise: Encode = scalar,
): readonly Encoded[] {
  if (values.length > mostParameters) {
    throw new DatabaseError('54000', `a statement takes at most ${mostParameters} parameters, not ${values.length}`)
  }
  const encoded: Encoded[] = []
  for (let i = 0; i < values.length; i++) {
    const encode = encoders?.[i] ?? otherwise
    try {
      encoded.push(encode(values[i]))
    } catch (cause) {
      if (cause instanceof UnsupportedValue) {
        throw new TypeError(`parameter $${i + 1}: ${cause.message}`, { cause })
      }
      throw new DatabaseError('22000', 'the value cannot be written as SQL', { parameter: i + 1, cause })
    }
  }
  return encoded
}
