import { unstrippable } from '../../load/explained.ts'
import { lineAt } from '../../sqlText/lexer.ts'
import { withoutComments } from './withoutComments.ts'

/** A line of a file, and what is wrong with it. */
export interface Problem {
  readonly line: number
  readonly reason: string
}

/**
 * Finds the syntax in a TypeScript file that is more than types, which Node does not run.
 *
 * What looks like it in the source may be in a text. It counts only if the compiled code has what it becomes.
 *
 * @param code - The same file, compiled by esbuild without whitespace.
 */
export function findUnstrippable(text: string, code: string): readonly Problem[] {
  const source = withoutComments(text)
  const others = patterns.flatMap(({ reason, pattern, becomes }) =>
    [...source.matchAll(pattern)]
      .filter((match) => becomes(match[1]!).some((text) => code.includes(text)))
      .map((match): Problem => ({ line: lineAt(source, match.index), reason })),
  )
  return [...others, ...parameterProperties(source, code)]
}

const closure = (name: string): readonly string[] => [`(${name}||{})`, `(${name}||(${name}={}))`, `.${name}||(`]

const patterns = [
  { reason: unstrippable.enum, pattern: /\benum\s+([\w$]+)\s*\{/g, becomes: closure },
  { reason: unstrippable.namespace, pattern: /\b(?:namespace|module)\s+([\w$]+)[\w$.\s]*\{/g, becomes: closure },
  {
    reason: unstrippable['import equals'],
    pattern: /\bimport\s+([\w$]+)\s*=/g,
    becomes: (name: string) => [`const ${name}=`, `var ${name}=`, `let ${name}=`],
  },
] as const

/** `constructor(private a: A)`, which becomes an assignment. */
function parameterProperties(source: string, code: string): readonly Problem[] {
  return [...source.matchAll(/\bconstructor\s*\(/g)].flatMap(({ index }) => {
    const list = source.slice(index, endOfList(source, source.indexOf('(', index)))
    const properties = /\b(?:public|private|protected|readonly|override)\s+(?:readonly\s+)?([\w$]+)\s*[?:,=)]/g
    return [...list.matchAll(properties)]
      .filter(([, name]) => code.includes(`this.${name}=${name}`))
      .map((match) => ({ line: lineAt(source, index + match.index), reason: unstrippable['parameter property'] }))
  })
}

/** Returns the position after the parenthesis that closes the one at `start`. */
function endOfList(source: string, start: number): number {
  let depth = 0
  for (let at = start; at < source.length; at++) {
    if (source[at] === '(') depth++
    else if (source[at] === ')' && --depth === 0) return at + 1
  }
  return source.length
}
