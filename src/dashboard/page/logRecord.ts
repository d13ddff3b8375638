/** The fields of a line that is JSON. */
export function recordOf(raw: string): Record<string, unknown> | undefined {
  if (!raw.startsWith('{')) return undefined
  try {
    return JSON.parse(raw) as Record<string, unknown>
  } catch {
    return undefined
  }
}
