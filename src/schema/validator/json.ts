/** Converts a value to what its receiver sees, which a check of JSON needs. */
export function asJson(value: unknown): unknown {
  const text = JSON.stringify(value)
  return text === undefined ? null : (JSON.parse(text) as unknown)
}
