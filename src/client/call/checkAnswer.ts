import type { Contract } from '../../contract/contract.ts'
import { BadGateway } from '../../contract/errors.ts'
import { responseForm } from '../../contract/response.ts'
import type { Check } from '../../schema/validator/check.ts'
import { doNotRetry } from './call.ts'

/**
 * The check of an operation's answers against its contract, which gives the value back. Fields that the contract does not
 * name may be there: the callee may be newer.
 *
 * Rejects with `BadGateway`, in one line.
 */
export function answerCheck({ name, operations }: Contract, key: string): (value: unknown) => Promise<unknown> {
  const operation = operations[key]!
  if (!operation.returns) return (value) => Promise.resolve(value)
  const schema = responseForm(operation).output(operation.returns)
  let check: Check | undefined
  return async (value) => {
    // Loaded by the first check, not by who never checks.
    const { compileReceivedCheck, firstProblem } = await import('../../schema/validator/check.ts')
    check ??= compileReceivedCheck(schema)
    const problems = check(value)
    if (!problems) return value
    throw new BadGateway(`${name}.${key} broke its contract: ${firstProblem(problems)}`, { headers: doNotRetry })
  }
}
