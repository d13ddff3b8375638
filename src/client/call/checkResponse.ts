import type { Contract } from '../../contract/contract.ts'
import { BadGateway } from '../../contract/serverErrors.ts'
import { responseForm } from '../../contract/response.ts'
import { successes } from '../../contract/responses.ts'
import { jsonOf } from '../../schema/standard/json.ts'
import type { Check } from '../../schema/validator/check.ts'
import { doNotRetry } from './call.ts'

/**
 * Returns a function that checks the value of a response against the contract, and resolves to it.
 *
 * Fields that the contract does not name are accepted, because the callee may be newer. A value that breaks the contract
 * rejects with `BadGateway`, whose one line names the operation and the field.
 */
export function responseCheck(
  { name, operations }: Contract,
  key: string,
): (value: unknown, status: number) => Promise<unknown> {
  const operation = operations[key]!
  const usual = operation.returns && responseForm(operation).output(jsonOf(operation.returns, 'output'))
  const schemas = new Map(successes(operation))
  const checks = new Map<number, Check>()
  return async (value, status) => {
    const isOther = operation.responses !== undefined && status in operation.responses
    const schema = isOther ? schemas.get(status) : usual
    if (!schema || value instanceof Blob) return value
    // Loaded by the first check, so that production, which does not check, does not load the validator.
    const { compileReceivedCheck, firstProblem } = await import('../../schema/validator/check.ts')
    const of = isOther ? status : 0
    const check = checks.get(of) ?? compileReceivedCheck(schema, 'output')
    checks.set(of, check)
    const problems = check(value)
    if (!problems) return value
    throw new BadGateway(`${name}.${key} broke its contract: ${firstProblem(problems)}`, { headers: doNotRetry })
  }
}
