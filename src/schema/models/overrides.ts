import { Kind, Type, type SchemaOptions, type Static, type TSchema } from '@sinclair/typebox'
import type { Column } from 'drizzle-orm'
import type { DecimalType, WireSchema } from './wire.ts'

/** JSON Schema keywords that fit a column: `{ minLength: 1 }` for text, `{ minimum: 0 }` for a number. */
export type Keywords<C extends Column> = Annotations &
  (C['_']['columnType'] extends DecimalType ? DecimalKeywords : {}) &
  (Static<WireSchema<C>> extends infer Value
    ? Value extends string
      ? StringKeywords
      : Value extends number
        ? NumberKeywords
        : Value extends readonly unknown[]
          ? ArrayKeywords
          : {}
    : never)

interface Annotations {
  readonly title?: string
  readonly description?: string
  readonly default?: unknown
  readonly examples?: readonly unknown[]
  readonly deprecated?: boolean
}

interface StringKeywords {
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly format?: string
}

/** Limits of a decimal number, which is a string: `{ decimalMinimum: '0.01' }`. */
interface DecimalKeywords {
  readonly decimalMinimum?: string
  readonly decimalMaximum?: string
  readonly decimalExclusiveMinimum?: string
  readonly decimalExclusiveMaximum?: string
}

interface NumberKeywords {
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
  readonly multipleOf?: number
}

interface ArrayKeywords {
  readonly minItems?: number
  readonly maxItems?: number
  readonly uniqueItems?: boolean
}

/**
 * Keywords to add to a column's schema, or a schema that replaces it. In both cases, the table decides whether the column
 * may be null or missing.
 */
export type Overrides<Columns extends Record<string, Column>> = {
  readonly [K in keyof Columns]?: TSchema | Keywords<Columns[K]>
}

/** A column's schema after its override. */
export type Overridden<C extends Column, Override> = Override extends TSchema ? Override : WireSchema<C>

/** Applies an override to a column's schema. */
export function override(schema: TSchema, over: TSchema | SchemaOptions | undefined): TSchema {
  if (over === undefined) return schema
  return Kind in over ? over : { ...schema, ...over }
}

/** Returns the schema of a value or null. A single type becomes `type: ['string', 'null']`, which serialises faster than `anyOf`. */
export function nullable(schema: TSchema): TSchema {
  const { type, enum: values } = schema as { type?: unknown; enum?: readonly unknown[] }
  if (typeof type !== 'string') return isAnything(schema) ? schema : Type.Union([schema, Type.Null()])
  const { [Kind]: _, ...keywords } = schema
  return Type.Unsafe({ ...keywords, type: [type, 'null'], ...(values && { enum: [...values, null] }) })
}

function isAnything(schema: TSchema): boolean {
  return ['type', 'anyOf', 'allOf', 'oneOf', '$ref', 'const', 'enum', 'not'].every((keyword) => !(keyword in schema))
}
