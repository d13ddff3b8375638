import { bodyRuleOf } from '../../contract/body.ts'
import { partsOf } from '../../contract/multipart.ts'
import type { Operation } from '../../contract/operation.ts'
import { fillDefaults, hasDefault } from '../../schema/fillDefaults.ts'
import { jsonOf, objectSchema } from '../../schema/standard/json.ts'
import type { AnyInput } from './call.ts'

/**
 * Compiles what adds the defaults of an operation to its input; undefined when it has none. A service adds them itself, but
 * an API of somebody else does not know them.
 */
export function compileInputDefaults({
  query = {},
  headers = {},
  body,
}: Operation): ((input: AnyInput) => AnyInput) | undefined {
  const form = body && bodyRuleOf(body).form
  const hasFields = form === 'form' || form === 'multipart'
  const content = body && (form === 'multipart' ? objectSchema(partsOf(body).fields) : jsonOf(body, 'input'))
  const parts = { query: objectSchema(query), headers: objectSchema(headers), ...(content && { body: content }) }
  const schema = { properties: parts }
  if (!hasDefault(schema)) return undefined
  return ({ query: ownQuery = {}, headers: ownHeaders = {}, body: ownBody = hasFields ? {} : undefined, ...rest }) =>
    fillDefaults(schema, { ...rest, query: ownQuery, headers: ownHeaders, body: ownBody }) as AnyInput
}
