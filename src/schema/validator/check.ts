import type { ErrorObject } from 'ajv'
import type { JsonSchema } from '../schema.ts'
import { compileGather } from '../query.ts'
import { compileConvertFields } from '../standard/convert.ts'
import type { Side } from '../standard/describe.ts'
import type { Schema, Schemas } from '../standard/spec.ts'
import { compile, prepare, prepareReceived, type Fields } from './compile.ts'
import { countNodes, deepestLevel, isDeeperThan, isRecursive } from './depth.ts'
import { problemsOf, type ValueProblem } from './problems.ts'
import { prepareText, type TextSource } from './text.ts'
import { typesOf } from './unions.ts'
import { Stopped, work } from './work.ts'

/** Checks a value and fills in its defaults; returns its problems, or undefined when it is valid. */
export type Check = (value: unknown) => readonly ValueProblem[] | undefined

/**
 * Compiles the check of JSON against a schema.
 *
 * A valid value takes one pass, which stops at the first problem. Only then does a second pass find all problems. It is
 * compiled when the first invalid value comes. Both passes count their steps and stop when there are too many.
 */
export function compileCheck(schema: Schema, fields: Fields): Check {
  return compilePrepared(prepare(schema, fields))
}

/** Compiles the check of what another service sends: it may have unknown fields, and may be large. */
export function compileReceivedCheck(schema: Schema, side: Side): Check {
  return compilePrepared(prepareReceived(schema, side), Number.POSITIVE_INFINITY)
}

/**
 * Compiles the check of text from a URL or a header, which is converted to values. The check of each schema's own library
 * runs where it has one.
 */
export function compileTextCheck(schemas: Schemas, fields: Fields, source: TextSource): Check {
  const prepared = prepareText(schemas, fields, source)
  const check = withRepeated(compilePrepared(prepared), prepared)
  const gather = source === 'query' ? compileGather(schemas) : undefined
  const convert = compileConvertFields(schemas)
  if (!gather && !convert) return check
  return (values) => {
    gather?.(values)
    return check(values) ?? convert?.(values)
  }
}

/** Reports a parameter that is given several times, but has one value, as that. */
function withRepeated(check: Check, prepared: JsonSchema): Check {
  const properties = prepared['properties'] as Readonly<Record<string, JsonSchema>>
  const holdsList = (name: string): boolean => typesOf(properties[name], prepared).has('array')
  return (values) => {
    const problems = check(values)
    if (!problems) return undefined
    const isRepeated = (name: string): boolean =>
      Object.hasOwn(properties, name) && Array.isArray((values as Record<string, unknown>)[name]) && !holdsList(name)
    const repeated = [...new Set(problems.map(({ path }) => path).filter(isRepeated))]
    if (repeated.length === 0) return problems
    const others = problems.filter(({ path }) => !repeated.includes(path))
    return [...others, ...repeated.map((path) => ({ path, message: 'is given several times, expected once' }))]
  }
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

/** Returns the first problem with the name of its field. */
export function firstProblem([problem]: readonly ValueProblem[]): string {
  return problem?.path ? `${problem.path} ${problem.message}` : (problem?.message ?? 'it does not match')
}

/** For a schema larger than this, only the first problem is reported: compiling its second pass would take too long. */
const nodesOfReport = 2_000

/** For a body with more items than this, only the first problem is reported. */
const stepsOfReport = 5_000

const tooDeep: readonly ValueProblem[] = [{ path: '', message: `is nested in more than ${deepestLevel} levels` }]
const tooMuch: readonly ValueProblem[] = [{ path: '', message: 'takes too long to check: send less at once' }]
