import type { Static, TProperties, TSchema } from '@sinclair/typebox'

/** Options of a conversion to JSON Schema. */
interface ConversionOptions {
  readonly target: 'draft-2020-12'
  /** Options of the library that made the schema. */
  readonly libraryOptions?: Record<string, unknown>
}

/** A problem that a library has found in a value. */
interface StandardIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** The result of a library's own check: the value that it makes of its input, or the problems. */
type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] }

/** The members of a schema of another library, under its key `~standard`. */
export interface StandardMembers<Input, Output> {
  readonly version: 1
  readonly vendor: string
  readonly types?: { readonly input: Input; readonly output: Output } | undefined
  readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>
  readonly jsonSchema: {
    readonly input: (options: ConversionOptions) => Record<string, unknown>
    readonly output: (options: ConversionOptions) => Record<string, unknown>
  }
}

/**
 * A schema of another library, such as Zod, Valibot or ArkType. It implements Standard Schema and Standard JSON Schema:
 * https://standardschema.dev
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': StandardMembers<Input, Output>
}

/** A schema: made by `t`, or by a library that implements Standard JSON Schema. */
export type Schema = TSchema | StandardSchema

/** Schemas by name. */
export type Schemas = Readonly<Record<string, Schema>>

/** What a caller passes, or what a schema reads. */
export type SchemaInput<Of extends Schema> = Of extends TSchema ? Static<Of> : TypesOf<Of>['input']

/** What a schema makes of it. The types differ where the schema has defaults or transforms. */
export type SchemaOutput<Of extends Schema> = Of extends TSchema ? Static<Of> : TypesOf<Of>['output']

type TypesOf<Of> = Of extends { readonly '~standard': { readonly types?: infer Types } }
  ? NonNullable<Types> extends { readonly input: unknown; readonly output: unknown }
    ? NonNullable<Types>
    : Untyped
  : Untyped

interface Untyped {
  readonly input: unknown
  readonly output: unknown
}

/** The schemas made by `t` among others. */
export type OwnSchemas<All extends Schemas> = {
  [Name in keyof All as All[Name] extends TSchema ? Name : never]: All[Name] extends TSchema ? All[Name] : never
} extends infer Own extends TProperties
  ? Own
  : {}

/** The values of the other schemas. One that may be undefined may be left out. */
export type ForeignValues<All extends Schemas, Side extends 'input' | 'output'> = {
  -readonly [Name in keyof All as IsRequired<All[Name], Side> extends true ? Name : never]: TypesOf<All[Name]>[Side]
} & {
  -readonly [Name in keyof All as IsRequired<All[Name], Side> extends false ? Name : never]?: TypesOf<All[Name]>[Side]
}

/** Whether a value must be there; undefined for a schema made by `t`. */
type IsRequired<Of, Side extends 'input' | 'output'> = Of extends TSchema
  ? undefined
  : unknown extends TypesOf<Of>[Side]
    ? IsRequiredUnknown<Of>
    : undefined extends TypesOf<Of>[Side]
      ? false
      : true

/** `unknown`, the input of a coercion, tells nothing. Zod tells it apart from the types. */
type IsRequiredUnknown<Of> = Of extends { readonly _zod: { readonly optin: 'optional' | 'defaulted' } }
  ? false
  : undefined extends TypesOf<Of>['output']
    ? unknown extends TypesOf<Of>['output']
      ? true
      : false
    : true

/** Whether a value is a schema of another library, with or without JSON Schema. */
export function isForeign(
  value: unknown,
): value is { readonly '~standard': Partial<StandardMembers<unknown, unknown>> } {
  if (typeof value !== 'object' && typeof value !== 'function') return false
  return value !== null && typeof (value as Partial<StandardSchema>)['~standard'] === 'object'
}

/** Whether a value is a schema of another library that gives its JSON Schema. */
export function isStandard(value: unknown): value is StandardSchema {
  return isForeign(value) && typeof value['~standard'].jsonSchema?.input === 'function'
}
