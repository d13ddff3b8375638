import { BadRequest, codes } from '../../contract/errors.ts'

/** Most fields of a form, as of a query: qs and PHP have the same. */
const maxFields = 1000

/**
 * Parses the encoding of HTML forms. A field that comes several times is a list.
 *
 * @throws {BadRequest} 40001 when it is malformed, has too many fields, or names `__proto__`
 *
 * https://url.spec.whatwg.org/#urlencoded-parsing
 */
export function parseUrlEncoded(text: string): Record<string, string | string[]> {
  const fields: Record<string, string | string[]> = {}
  let count = 0
  for (const pair of text.split('&')) {
    if (pair === '') continue
    if (++count > maxFields) throw malformed(`the form has more than ${maxFields} fields`)
    const equals = pair.indexOf('=')
    const name = decoded(equals < 0 ? pair : pair.slice(0, equals))
    const value = equals < 0 ? '' : decoded(pair.slice(equals + 1))
    if (name === '__proto__' || name === 'constructor') throw malformed('the form names __proto__ or constructor')
    const known = fields[name]
    if (known === undefined) fields[name] = value
    else if (Array.isArray(known)) known.push(value)
    else fields[name] = [known, value]
  }
  return fields
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch (cause) {
    throw malformed('the form has a malformed percent-encoding', cause)
  }
}

function malformed(detail: string, cause?: unknown): BadRequest {
  return new BadRequest(detail, { code: codes.malformed, cause })
}
