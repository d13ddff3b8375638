import type { Schema, Schemas } from '../schema/standard/spec.ts'
import type { Auth } from './auth.ts'
import type { ErrorClass } from './httpError.ts'
import type { Operation } from './operation.ts'
import type { PathParamNames, Route } from './route.ts'

// The types of a contract as it is written. They accept any operation, so that one mistake is one compiler error at the
// right place, and all other operations keep their types.

/** Operations as they are written, before they are checked. */
export type Drafts = Readonly<Record<string, unknown>>

type Draft = { readonly [Field in keyof Operation]?: unknown }

/** The operations of a contract, without the fields that are wrong. `Access` is the contract's `auth`. */
export type OperationsOf<Ops extends Drafts, Access = undefined> = {
  readonly [Key in keyof Ops]: Ops[Key] extends Operation
    ? WithAccess<Ops[Key], Access>
    : Ops[Key] extends Draft
      ? WithAccess<ValidFields<Ops[Key]>, Access>
      : { readonly route: Route }
}

type WithAccess<Op extends Operation, Access> = [Access] extends [Auth]
  ? 'auth' extends keyof Op
    ? Op
    : Op & { readonly auth: Access }
  : Op

type ValidFields<Op extends Draft> = {
  readonly route: Op['route'] extends Route ? Op['route'] : Route
} & { readonly [Field in keyof Op as Op[Field] extends Operation[Field & keyof Operation] ? Field : never]: Op[Field] }

/** What the compiler can check of an operation; `checkContract` checks all of it. */
export type Checked<Op> = Op extends Draft
  ? CheckedFields<Op>
  : Op extends null | undefined
    ? unknown // an intersection with null is `never`, for all operations: `checkContract` reports it instead
    : Expected<Operation>

type CheckedFields<Op extends Draft> = (Op extends Operation ? unknown : CheckedValues<Op>) &
  CheckedParams<Op> &
  CheckedBody<Op> &
  CheckedKeys<Op>

/** The fields with a value of the wrong type. `errors` is checked item by item, so that the message points at the item. */
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
 * The type that the compiler names in its message. It is an object because the intersection of a string and a number is
 * `never`. That would make the operation `never` too, and the message would no longer name the field.
 */
interface Expected<Value> {
  readonly expected: Value
}

type CheckedParams<Op extends Draft> = Op['params'] extends Schemas
  ? [PathParamNamesOf<Op>] extends [keyof Op['params']]
    ? [keyof Op['params']] extends [PathParamNamesOf<Op>]
      ? unknown
      : { params: { [Key in Exclude<keyof Op['params'], PathParamNamesOf<Op>>]: 'is not in the route' } }
    : { params: { [Key in Exclude<PathParamNamesOf<Op>, keyof Op['params']>]: Schema } }
  : unknown

type PathParamNamesOf<Op extends Draft> = Op['route'] extends string ? PathParamNames<Op['route']> : never

type CheckedBody<Op extends Draft> = Op['route'] extends `GET ${string}`
  ? Op['body'] extends Schema
    ? { body: 'a GET cannot have a body' }
    : unknown
  : unknown

type CheckedKeys<Op extends Draft> = {
  [Key in Exclude<keyof Op, keyof Operation>]: { readonly unknown: 'is not a field of an operation' }
}
