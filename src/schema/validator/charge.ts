import type { KeywordCxt } from 'ajv'
import { _, type Code } from 'ajv/dist/compile/codegen/index.js'
import { work } from './work.ts'

/** Generates the code that charges for one step. */
export function charge(cxt: KeywordCxt): void {
  const meter = meterOf(cxt)
  cxt.gen.if(_`--${meter}.left < 0`, () => cxt.gen.code(_`${meter}.stop()`))
}

/** The name of the step counter in generated code. */
export function meterOf({ gen }: KeywordCxt): Code {
  return gen.scopeValue('obj', { ref: work })
}
