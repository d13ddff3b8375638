import type { Contract } from '../../contract/contract.ts'
import type { Cookies } from '../../contract/cookie.ts'
import { successes, usualStatus } from '../../contract/responses.ts'
import type { TProperties } from '../../schema/schema.ts'
import { objectSchema } from '../../schema/standard/json.ts'
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

/** The headers that an operation may set. */
export class HeaderRules {
  /** Headers that every response has to have. */
  readonly required: readonly string[]
  readonly #properties: TProperties
  readonly #checks = new Map<string, Check>()

  constructor(properties: TProperties) {
    this.#properties = properties
    this.required = (objectSchema(properties)['required'] as readonly string[] | undefined) ?? []
  }

  /**
   * Returns the text of a header.
   *
   * @throws {TypeError} when the contract does not name it, its value breaks the contract, or HTTP cannot carry it
   */
  textOf(name: string, value: unknown): string {
    if (!Object.hasOwn(this.#properties, name)) {
      throw new TypeError(`the contract has no response header ${name}: add it to responseHeaders`)
    }
    let check = this.#checks.get(name)
    if (!check) {
      check = compileCheck(objectSchema({ [name]: this.#properties[name]! }), 'any')
      this.#checks.set(name, check)
    }
    const problems = check({ [name]: value })
    if (problems) throw new TypeError(`the response header ${firstProblem(problems)}`)
    const text = Array.isArray(value) ? value.map(String).join(', ') : String(value)
    if (/[^\t\x20-\x7e\x80-\xff]/.test(text))
      throw new TypeError(`the response header ${name} has a character that HTTP cannot carry`)
    return text
  }
}
