const longestText = 2048

/**
 * The text of a statement as a span may have it: parameters are numbers anyway, and what was written into the text itself
 * becomes `?`.
 */
export function withoutLiterals(text: string): string {
  const clean = text.replace(literals, '?').replace(/\s+/g, ' ').trim()
  return clean.length > longestText ? `${clean.slice(0, longestText)}…` : clean
}

// Strings ('…' with '' inside, E'…' also with \', $tag$…$tag$), then numbers that belong to no name or parameter.
// https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-CONSTANTS
const literals =
  /\b[eE]'(?:[^'\\]|''|\\.)*(?:'|$)|(?:\b(?:[bBxXnN]|[uU]&))?'(?:[^']|'')*(?:'|$)|\$([A-Za-z_]\w*)?\$.*?(?:\$\1\$|$)|(?<![\w$."])\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?/gs

/** The table that a statement is about: the first one that it names. */
export function collectionOf(text: string): string | undefined {
  const found =
    /\b(?:FROM|INTO|UPDATE|JOIN|TABLE)\s+(?:ONLY\s+|IF\s+(?:NOT\s+)?EXISTS\s+)?((?:"[^"]+"|\w+)(?:\.(?:"[^"]+"|\w+))*)/i
  const name = found.exec(text.replace(literals, '?'))?.[1]
  return name?.replaceAll('"', '')
}
