import type { PreparedStatement } from '../connection/statementCache.ts'
import type { Prepared } from '../text/prepared.ts'
import { encodeAll } from '../values/encode.ts'
import { type Encode, needsType } from '../values/encoders.ts'
import type { Types } from '../values/types.ts'
import type { Encoded } from '../wire/output.ts'

/** What the server has to be asked before values can be written. */
export type Missing = 'parameter types' | readonly number[]

/** The values of a statement's runs. The type of a parameter decides how some of them are written: [1] is `{1}` or `[1]`. */
export class Parameters {
  readonly values: readonly unknown[]
  /** Those of further runs in the same exchange. */
  readonly further: readonly (readonly unknown[])[]
  /** The types as the server has told them for this run. */
  described: readonly number[] | undefined
  /** Types that another connection was told, by which the values are written although this one has not confirmed them. */
  guess: readonly number[] | undefined
  readonly #encode: Encode | undefined
  #encoders: readonly Encode[] | undefined
  #types: Types | undefined

  /** `encode`: how all values are written, instead of by type. */
  constructor(values: readonly unknown[], further: readonly (readonly unknown[])[], encode: Encode | undefined) {
    this.values = values
    this.further = further
    this.#encode = encode
  }

  /** Whether they are written by the types of their parameters. */
  get areTyped(): boolean {
    return this.#encoders !== undefined
  }

  /** Works out how to write them. Gives what is missing for that. `entry`: the statement, as far as it is known to be current. */
  resolve(prepared: Prepared, entry: PreparedStatement | undefined, types: Types): Missing | undefined {
    this.#types = types
    this.guess = undefined
    this.#encoders = entry?.encoders
    if (this.#encoders !== undefined || this.#encode !== undefined || !this.#some(needsType)) return undefined
    const described = entry?.parameterTypes ?? this.described
    if (!described && !this.#some(isObject)) this.guess = types.ofParameters.get(prepared)
    const parameterTypes = described ?? this.guess
    if (!parameterTypes) return 'parameter types'
    const unknown = types.unknown(parameterTypes)
    if (unknown.length > 0) return unknown
    this.#encoders = types.encodersOf(parameterTypes)
    if (described) types.remember(prepared, described)
    if (entry?.parameterTypes) entry.encoders = this.#encoders
    return undefined
  }

  /** The server has told the types while the statement was under way: right or wrong, they take the place of a guess. */
  confirm(prepared: Prepared, told: readonly number[]): void {
    if (this.guess) this.#types!.remember(prepared, told)
  }

  /** The values of one run as they are sent. Throws as `encodeAll` does. */
  encoded(values: readonly unknown[]): readonly Encoded[] {
    return encodeAll(values, this.#encoders, this.#encode)
  }

  #some(test: (value: unknown) => boolean): boolean {
    for (const value of this.values) if (test(value)) return true
    return this.further.some((values) => values.some(test))
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}
