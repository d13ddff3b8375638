import type { TProperties, TSchema } from '@sinclair/typebox'
import type { ErrorClass } from './errors.ts'
import type { Operation } from './operation.ts'
import type { PathParamNames, Route } from './route.ts'

// The types of a contract while it is written. They let every operation in, right or wrong, so that one mistake is one
// error where it stands, and all other operations keep their types.

/** Operations as they are written, unchecked. */
export type Drafts = Readonly<Record<string, unknown>>

type Draft = { readonly [Field in keyof Operation]?: unknown }

/** The operations of a contract: the fields that are wrong are left out. */
export type OperationsOf<Ops extends Drafts> = {
  readonly [Key in keyof Ops]: Ops[Key] extends Operation
    ? Ops[Key]
    : Ops[Key] extends Draft
      ? Mended<Ops[Key]>
      : { readonly route: Route }
}

type Mended<Op extends Draft> = {
  readonly route: Op['route'] extends Route ? Op['route'] : Route
} & { readonly [Field in keyof Op as Op[Field] extends Operation[Field & keyof Operation] ? Field : never]: Op[Field] }

/** What is wrong with an operation, as far as the compiler can see it; `checkContract` sees all of it. */
export type Checked<Op> = Op extends Draft
  ? CheckedFields<Op>
  : Op extends null | undefined
    ? unknown // with anything else it makes `never`, of all operations: `checkContract` sees it
    : Expected<Operation>

type CheckedFields<Op extends Draft> = (Op extends Operation ? unknown : CheckedValues<Op>) &
  CheckedParams<Op> &
  CheckedBody<Op> &
  CheckedKeys<Op>

/** Each field that has a value of another type. Errors one by one: the message then stands at the wrong one. */
type CheckedValues<Op extends Draft> = (Op extends { readonly route: unknown }
  ? unknown
  : { readonly route: Route }) & {
  [Field in keyof Op & keyof Operation as Op[Field] extends Operation[Field] ? never : Field]: Field extends 'errors'
    ? CheckedErrors<Op[Field]>
    : Expected<Exclude<Operation[Field], undefined>>
}

type CheckedErrors<Errors> = Errors extends readonly unknown[]
  ? {
      readonly [Index in keyof Errors]: Errors[Index] extends ErrorClass ? unknown : Expected<ErrorClass>
    }
  : Expected<readonly ErrorClass[]>

/**
 * What no value is, in words for whoever reads the message. An object, not a text: of a text and a number the compiler
 * makes `never`, and of the whole operation with it, and its message would no longer name the field.
 */
interface Expected<Value> {
  readonly expected: Value
}

type CheckedParams<Op extends Draft> = Op['params'] extends TProperties
  ? [PathParamNamesOf<Op>] extends [keyof Op['params']]
    ? [keyof Op['params']] extends [PathParamNamesOf<Op>]
      ? unknown
      : { params: { [Key in Exclude<keyof Op['params'], PathParamNamesOf<Op>>]: 'is not in the route' } }
    : { params: { [Key in Exclude<PathParamNamesOf<Op>, keyof Op['params']>]: TSchema } }
  : unknown

type PathParamNamesOf<Op extends Draft> = Op['route'] extends string ? PathParamNames<Op['route']> : never

type CheckedBody<Op extends Draft> = Op['route'] extends `GET ${string}`
  ? Op['body'] extends TSchema
    ? { body: 'GET has no body' }
    : unknown
  : unknown

type CheckedKeys<Op extends Draft> = {
  [Key in Exclude<keyof Op, keyof Operation>]: { readonly unknown: 'is not a field of an operation' }
}
