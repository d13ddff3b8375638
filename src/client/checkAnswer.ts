import type { ValidateFunction } from 'ajv'
import type { Contract } from '../contract/contract.ts'
import { decimalLimits } from '../schema/decimalLimits.ts'
import { BadGateway } from '../contract/errors.ts'
import { jsonSchemaOf, t, type TSchema } from '../schema/schema.ts'
import { doNotRetry } from './call.ts'

/**
 * The check of an operation's answers against its contract, which gives the value back. Fields that the contract does not
 * name may be there: the callee may be newer.
 *
 * Rejects with `BadGateway`, in one line.
 */
export function answerCheck({ name, operations }: Contract, key: string): (value: unknown) => Promise<unknown> {
  const { returns, paginated } = operations[key]!
  if (!returns) return (value) => Promise.resolve(value)
  const schema = paginated ? t.Object({ items: t.Array(returns), total: t.Integer() }) : returns
  let validate: ValidateFunction | undefined
  return async (value) => {
    validate ??= await compile(schema)
    if (validate(value)) return value
    const [error] = validate.errors ?? []
    const where = error?.instancePath.slice(1).replaceAll('/', '.')
    const what = `${where ? `${where} ` : ''}${error?.message ?? 'it does not match'}`
    throw new BadGateway(`${name}.${key} broke its contract: ${what}`, { headers: doNotRetry })
  }
}

/** ajv is loaded by the first check, not by who never checks. */
async function compile(schema: TSchema): Promise<ValidateFunction> {
  const [{ Ajv2019 }, { default: formats }] = await Promise.all([import('ajv/dist/2019.js'), import('ajv-formats')])
  const ajv = new Ajv2019({ strictTypes: false, strictTuples: false, meta: false, validateSchema: false })
  formats.default(ajv)
  for (const keyword of decimalLimits) ajv.addKeyword(keyword)
  return ajv.compile(jsonSchemaOf(schema))
}
