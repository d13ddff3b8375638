import type { PreparedStatement } from '../connection/statementCache.ts'
import type { Prepared } from '../text/prepared.ts'
import { encodeAll } from '../values/encode.ts'
import { type Encode, needsType } from '../values/encoders.ts'
import type { Types } from '../values/types.ts'
import type { Encoded } from '../wire/output.ts'

/** What the server must be asked before values can be encoded. */
export type Missing = 'parameter types' | readonly number[]

/** The values of a statement's runs. The type of a parameter decides how they are encoded: [1] is `{1}` or `[1]`. */
export class Parameters {
  readonly values: readonly unknown[]
  /** The values of further runs in the same exchange. */
  readonly further: readonly (readonly unknown[])[]
  /** The types that the server has reported for this run. */
  described: readonly number[] | undefined
  /** Types that the server reported on another connection. They are used before this connection has confirmed them. */
  guess: readonly number[] | undefined
  readonly #encode: Encode | undefined
  #encoders: readonly Encode[] | undefined
  #types: Types | undefined

  /** `encode` encodes all values, instead of an encoder for each type. */
  constructor(values: readonly unknown[], further: readonly (readonly unknown[])[], encode: Encode | undefined) {
    this.values = values
    this.further = further
    this.#encode = encode
  }

  /** Whether the values are encoded by the types of their parameters. */
  get areTyped(): boolean {
    return this.#encoders !== undefined
  }

  /** Finds the encoders, and returns what is missing for that. `entry` is the prepared statement, if it is up to date. */
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

  /** Called when the server reports the types of a statement in flight; they replace a guess, right or wrong. */
  confirm(prepared: Prepared, reported: readonly number[]): void {
    if (this.guess) this.#types!.remember(prepared, reported)
  }

  /** Encodes the values of one run. Throws as `encodeAll` does. */
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
