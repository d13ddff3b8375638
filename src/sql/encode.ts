import { DatabaseError } from './databaseError.ts'
import type { Types } from './types.ts'
import type { Encoded } from './wire/output.ts'

const mostParameters = 65_535

/** The values of a Bind message. Throws a DatabaseError that has the position of the value that cannot be written. */
export function encodeAll(
  values: readonly unknown[],
  parameterTypes: readonly number[] | undefined,
  types: Types,
): readonly Encoded[] {
  if (values.length > mostParameters) {
    throw new DatabaseError('54000', `a statement takes at most ${mostParameters} parameters, not ${values.length}`)
  }
  const encoded: Encoded[] = []
  for (let i = 0; i < values.length; i++) {
    try {
      encoded.push(types.encode(values[i], parameterTypes?.[i]))
    } catch (cause) {
      throw new DatabaseError('22000', 'the value cannot be written as SQL', { parameter: i + 1, cause })
    }
  }
  return encoded
}
