import secureJson from 'secure-json-parse'
import { defaultCursor } from '../../contract/cursor.ts'
import type { Operation } from '../../contract/operation.ts'
import { compileRead } from '../../schema/standard/convert.ts'
import { hasLoneSurrogate } from '../body.ts'
import { compileCheck, firstProblem } from '../../schema/validator/check.ts'
import type { ValueProblem } from '../../schema/validator/problems.ts'

/** Compiles what turns the cursor of a query into the position that the handler gets. It is undefined without cursors. */
export function compileReadCursor({
  paginated,
  cursor = defaultCursor,
}: Operation): ((query: unknown) => readonly ValueProblem[] | undefined) | undefined {
  if (paginated !== 'cursor') return undefined
  const read = compileRead(cursor, compileCheck(cursor, 'only known'))
  return (query) => {
    const values = query as { cursor?: unknown }
    if (values.cursor === undefined) return undefined
    try {
      const sent: unknown = secureJson.parse(Buffer.from(values.cursor as string, 'base64url').toString())
      const position = read(sent)
      if (position.problems || hasLoneSurrogate(sent)) return wrongCursor
      values.cursor = position.value
      return undefined
    } catch {
      return wrongCursor
    }
  }
}

/** Compiles the check of the position that a handler returns; it returns what is wrong with it. */
export function compileNextCheck({ cursor = defaultCursor }: Operation): (next: unknown) => string | undefined {
  const read = compileRead(cursor, compileCheck(cursor, 'only known'))
  return (next) => {
    const { problems } = read(next)
    return (
      problems && firstProblem(problems.map(({ path, message }) => ({ path: path ? `next.${path}` : 'next', message })))
    )
  }
}

const wrongCursor: readonly ValueProblem[] = [
  { path: 'cursor', message: 'is not a cursor of this list: send the `next` of a page' },
]
