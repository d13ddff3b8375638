/**
 * Returns a pattern as JSON Schema has it, with the flag `u`. Regular expressions of other libraries often have none, and
 * may escape what needs no escape, such as `\-` or `\@`, which is an error with the flag.
 */
export function unicodePattern(pattern: string): string {
  if (isUnicode(pattern)) return pattern
  let isInClass = false
  const written = pattern.replace(/\\([\s\S])|[[\]]/g, (found, escaped?: string) => {
    if (escaped === undefined) isInClass = found === '['
    else if (needless.test(escaped) && !(isInClass && escaped === '-')) return escaped
    return found
  })
  return isUnicode(written) ? written : pattern
}

/** Neither a letter, a digit nor `_`, which may mean something behind a backslash, nor a character of the syntax. */
const needless = /[^\w^$\\.*+?()[\]{}|/]/

function isUnicode(pattern: string): boolean {
  try {
    void new RegExp(pattern, 'u')
    return true
  } catch {
    return false
  }
}
