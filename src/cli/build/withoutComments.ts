/**
 * Returns a source with blanks instead of comments, which keeps all positions.
 *
 * It knows texts, since they may have slashes, but not regular expressions: one with a quote or two slashes may hide a comment
 * or the rest of its line.
 */
export function withoutComments(source: string): string {
  return source.replaceAll(
    /\/\*[^]*?\*\/|\/\/.*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[^]|[^`\\])*`/g,
    (part) => (part.startsWith('/') ? part.replaceAll(/[^\n]/g, ' ') : part),
  )
}
