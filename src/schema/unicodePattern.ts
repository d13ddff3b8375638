/**
 * Returns a pattern as JSON Schema has it, with the flag `u`. Regular expressions of other libraries often have none, and
 * may escape what needs no escape, such as `\-` or `\@`, which is an error with the flag.
 */
export function unicodePattern(pattern: string): string {
  if (patternProblem(pattern) === undefined) return pattern
  let isInClass = false
  const written = pattern.replace(/\\([\s\S])|[[\]]/g, (found, escaped?: string) => {
    if (escaped === undefined) isInClass = found === '['
    else if (needless.test(escaped) && !(isInClass && escaped === '-')) return escaped
    return found
  })
  return patternProblem(written) === undefined ? written : pattern
}

/** Neither a letter, a digit nor `_`, which may mean something behind a backslash, nor a character of the syntax. */
const needless = /[^\w^$\\.*+?()[\]{}|/]/

/** Returns why a text is no pattern of JSON Schema, which has the flag `u`: the engine's message, which has the pattern. */
export function patternProblem(pattern: string): string | undefined {
  try {
    void new RegExp(pattern, 'u')
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
