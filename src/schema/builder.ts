import type {
  ArrayOptions,
  IntegerOptions,
  JavaScriptTypeBuilder,
  NumberOptions,
  SchemaOptions,
  StringOptions,
  TArray,
  TBoolean,
  TEnum,
  TEnumKey,
  TEnumValue,
  TInteger,
  TLiteral,
  TLiteralValue,
  TNumber,
  TSchema,
  TString,
  Union,
} from '@sinclair/typebox'

/** Marks a schema with a value for a missing one. */
export interface HasDefault<Value = unknown> {
  readonly default: Value
}

/** TypeBox's builder, whose text and list types also carry the default: a caller may then omit the value. */
export interface SchemaBuilder extends JavaScriptTypeBuilder {
  Boolean(options: SchemaOptions & HasDefault<boolean>): TBoolean & HasDefault
  Boolean(options?: SchemaOptions): TBoolean
  Integer(options: IntegerOptions & HasDefault<number>): TInteger & HasDefault
  Integer(options?: IntegerOptions): TInteger
  Number(options: NumberOptions & HasDefault<number>): TNumber & HasDefault
  Number(options?: NumberOptions): TNumber
  String(options: StringOptions & HasDefault<string>): TString & HasDefault
  String(options?: StringOptions): TString
  Array<Type extends TSchema>(items: Type, options: ArrayOptions & HasDefault): TArray<Type> & HasDefault
  Array<Type extends TSchema>(items: Type, options?: ArrayOptions): TArray<Type>
  /** An integer of PostgreSQL's `int2`, from -32,768 to 32,767. */
  Int16(options: IntegerOptions & HasDefault<number>): TInteger & HasDefault
  Int16(options?: IntegerOptions): TInteger
  /** An integer of PostgreSQL's `int4`, from -2,147,483,648 to 2,147,483,647. */
  Int32(options: IntegerOptions & HasDefault<number>): TInteger & HasDefault
  Int32(options?: IntegerOptions): TInteger
  Literal<Value extends TLiteralValue>(value: Value, options: SchemaOptions & HasDefault): TLiteral<Value> & HasDefault
  Literal<Value extends TLiteralValue>(value: Value, options?: SchemaOptions): TLiteral<Value>
  Enum<V extends TEnumValue, T extends Record<TEnumKey, V>>(
    item: T,
    options: SchemaOptions & HasDefault,
  ): TEnum<T> & HasDefault
  Enum<V extends TEnumValue, T extends Record<TEnumKey, V>>(item: T, options?: SchemaOptions): TEnum<T>
  Union<Types extends TSchema[]>(types: [...Types], options: SchemaOptions & HasDefault): Union<Types> & HasDefault
  Union<Types extends TSchema[]>(types: [...Types], options?: SchemaOptions): Union<Types>
}
