import type { Static, TObject, TOptional, TProperties } from '@sinclair/typebox'
import type { HasDefault } from '../builder.ts'
import type { ForeignValues, OwnSchemas, Schemas } from './spec.ts'

/** The values that schemas make of what they read. */
export type ValuesOf<All extends Schemas> = All extends TProperties
  ? StaticOf<All>
  : Flat<StaticOf<OwnSchemas<All>> & ForeignValues<All, 'output'>>

/** The values that schemas read. */
export type InputsOf<All extends Schemas> = All extends TProperties
  ? PropertiesInputOf<All>
  : Flat<PropertiesInputOf<OwnSchemas<All>> & ForeignValues<All, 'input'>>

/** The values of properties; `readonly` in a contract does not make the values read-only. */
type StaticOf<Properties extends TProperties> = Static<
  TObject<{ -readonly [Name in keyof Properties]: Properties[Name] }>
>

/** What a caller passes for properties: those with a default are optional. */
type PropertiesInputOf<Properties extends TProperties> = [Extract<Properties[keyof Properties], HasDefault>] extends [
  never,
]
  ? StaticOf<Properties>
  : StaticOf<{
      [Name in keyof Properties]: Properties[Name] extends HasDefault ? TOptional<Properties[Name]> : Properties[Name]
    }>

/** An intersection as one object, which editors show in full. */
export type Flat<Type> = unknown extends Type ? {} : { [Key in keyof Type]: Type[Key] }
