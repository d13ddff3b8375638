/** A value as the other side sees it: what a check of JSON is to be asked about. */
export function asJson(value: unknown): unknown {
  const text = JSON.stringify(value)
  return text === undefined ? null : (JSON.parse(text) as unknown)
}
