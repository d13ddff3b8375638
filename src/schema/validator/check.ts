import type { ErrorObject } from 'ajv'
import type { JsonSchema, TProperties, TSchema } from '../schema.ts'
import { compile, prepare, prepareReceived, type Fields } from './compile.ts'
import { countNodes, deepestLevel, isDeeperThan, isRecursive } from './depth.ts'
import { problemsOf, type ValueProblem } from './problems.ts'
import { prepareText, type ListStyle } from './text.ts'
import { Stopped, work } from './work.ts'

/** Checks a value and fills in its defaults; returns what is wrong with it, undefined when nothing is. */
export type Check = (value: unknown) => readonly ValueProblem[] | undefined

/**
 * Compiles the check of JSON against a schema.
 *
 * A value that is right costs one pass, which ends at the first thing that is wrong; only then a second one, which is
 * compiled when the first such value comes, looks for everything. Both count their steps, and end when there are too many.
 */
export function compileCheck(schema: TSchema, fields: Fields): Check {
  return compilePrepared(prepare(schema, fields))
}

/** Compiles the check of what another service sent: it may have fields that are not named, and may be large. */
export function compileReceivedCheck(schema: TSchema): Check {
  return compilePrepared(prepareReceived(schema), Number.POSITIVE_INFINITY)
}

/** Compiles the check of texts from a URL or a header, which are turned into the values that they mean. */
export function compileTextCheck(properties: TProperties, fields: Fields, style: ListStyle): Check {
  return compilePrepared(prepareText(properties, fields, style))
}

function compilePrepared(prepared: JsonSchema, steps?: number): Check {
  const checkFirst = compile(prepared, 'first')
  const isBounded = !isRecursive(prepared)
  const isSmall = countNodes(prepared) <= nodesOfReport
  let checkAll: ReturnType<typeof compile> | undefined

  return function check(value) {
    if (!isBounded && isDeeperThan(value, deepestLevel)) return tooDeep
    try {
      work.start(steps)
      if (checkFirst(value)) return undefined
    } catch (error) {
      if (error instanceof Stopped) return tooMuch
      throw error
    }
    return problemsOf(isSmall ? everyError(value) : checkFirst.errors!)
  }

  function everyError(value: unknown): readonly ErrorObject[] {
    const first = checkFirst.errors!
    try {
      checkAll ??= compile(prepared, 'all')
      work.start(stepsOfReport)
      return checkAll(value) ? first : checkAll.errors!
    } catch (error) {
      if (error instanceof Stopped) return error.errors ?? first
      throw error
    }
  }
}

/** The first of the problems, with the name of the field. */
export function firstProblem([problem]: readonly ValueProblem[]): string {
  return problem?.path ? `${problem.path} ${problem.message}` : (problem?.message ?? 'it does not match')
}

/** Of a schema larger than this, only the first problem is told: its second validator would take long to compile. */
const nodesOfReport = 2_000

/** Of a body that is wrong everywhere, and has more items than this, only the first problem is told. */
const stepsOfReport = 5_000

const tooDeep: readonly ValueProblem[] = [{ path: '', message: `is nested in more than ${deepestLevel} levels` }]
const tooMuch: readonly ValueProblem[] = [{ path: '', message: 'takes too long to check: send less at once' }]
