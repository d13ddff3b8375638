import type { Contract } from '../../contract/contract.ts'
import type { Cookies } from '../../contract/cookie.ts'
import { successes, usualStatus } from '../../contract/responses.ts'
import type { TSchema } from '../../schema/schema.ts'
import { compileConvert, convertData, type Convert } from '../../schema/standard/convert.ts'
import { isOptional, jsonOf, objectSchema } from '../../schema/standard/json.ts'
import type { Schemas } from '../../schema/standard/spec.ts'
import { compileCheck, firstProblem, type Check } from '../../schema/validator/check.ts'
import type { CookieSigner } from './cookies.ts'
import { compileEncoder, type Encoder } from './encoder.ts'

/** Writes and reads cookies. */
export interface CookieCodec {
  readonly signer: CookieSigner
  readonly read: typeof import('./cookies.ts').readCookies
  readonly write: typeof import('./cookies.ts').writeCookie
  readonly clear: typeof import('./cookies.ts').clearedCookie
}

/** What the responses of an operation may have, compiled at start. */
export interface ResponseSpec {
  readonly usual: number
  readonly encoders: ReadonlyMap<number, Encoder>
  readonly headers: HeaderRules
  readonly cookies: Cookies
  readonly setCookies: Cookies
  /** Undefined when the contract has no cookies. */
  readonly codec: CookieCodec | undefined
}

/** Compiles what the responses of an operation may have. */
export function compileResponseSpec(
  { operations, envelope }: Contract,
  name: string,
  codec: CookieCodec | undefined,
): ResponseSpec {
  const operation = operations[name]!
  const { responseHeaders = {}, cookies = {}, setCookies = {} } = operation
  const encoders = [...successes(operation)].map(([status, returns]) => {
    const { returns: _, ...rest } = operation
    return [status, compileEncoder(returns ? { ...rest, returns } : rest, envelope)] as const
  })
  return {
    usual: usualStatus(operation),
    encoders: new Map(encoders),
    headers: new HeaderRules(responseHeaders),
    cookies,
    setCookies,
    codec,
  }
}

/** One of the headers that an operation may set. */
interface HeaderRule {
  readonly json: TSchema
  readonly convert: Convert | undefined
  /** Compiled when it is first needed. */
  check?: Check
}

/** The headers that an operation may set. */
export class HeaderRules {
  /** Headers that every response has to have. */
  readonly required: readonly string[]
  /** The texts of headers that have a default. */
  readonly defaults: ReadonlyMap<string, string>
  readonly #rules: ReadonlyMap<string, HeaderRule>

  constructor(schemas: Schemas) {
    const all = Object.entries(schemas)
    this.#rules = new Map(
      all.map(([name, schema]) => [name, { json: jsonOf(schema, 'output'), convert: compileConvert(schema) }]),
    )
    this.required = all.flatMap(([name, schema]) => (isOptional(schema) ? [] : [name]))
    const optional = all.filter(([name, schema]) => isOptional(schema) && this.#rules.get(name)!.convert)
    this.defaults = new Map(
      optional.flatMap(([name]) => {
        const value = this.#converted(name, undefined)
        return value === undefined ? [] : [[name, this.textOf(name, undefined)]]
      }),
    )
  }

  /**
   * Returns the text of a header.
   *
   * @throws {TypeError} when the contract does not name it, its value breaks the contract, or HTTP cannot carry it
   */
  textOf(name: string, given: unknown): string {
    const value = this.#converted(name, given)
    const rule = this.#rules.get(name)!
    rule.check ??= compileCheck(objectSchema({ [name]: rule.json }), 'any')
    const problems = rule.check({ [name]: value })
    if (problems) throw new TypeError(`the response header ${firstProblem(problems)}`)
    const items = Array.isArray(value) ? value.map(String) : undefined
    // RFC 9110, 5.6.1: an element is not empty, and the space around it does not count.
    if (items?.some((item) => item === '' || item.includes(',') || item.trim() !== item)) {
      const problem = 'an item must not be empty, have a comma, or begin or end with a space'
      throw new TypeError(`the response header ${name} is a list with commas: ${problem}`)
    }
    const text = items ? items.join(', ') : String(value)
    if (/[^\t\x20-\x7e\x80-\xff]/.test(text))
      throw new TypeError(`the response header ${name} has a character that HTTP cannot carry`)
    return text
  }

  /** Returns what the schema's own library makes of a value. */
  #converted(name: string, value: unknown): unknown {
    const rule = this.#rules.get(name)
    if (!rule) throw new TypeError(`the contract has no response header ${name}: add it to responseHeaders`)
    if (!rule.convert) return value
    const conversion = convertData(rule.convert, value)
    if (!conversion.problems) return conversion.value
    throw new TypeError(`the response header ${name} ${firstProblem(conversion.problems)}`)
  }
}
