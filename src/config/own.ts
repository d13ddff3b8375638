import type { TOptional, TSchema } from '@sinclair/typebox'
import { isSchema, t } from '../schema/schema.ts'
import { compileConvert, type Conversion } from '../schema/standard/convert.ts'
import { jsonOf, objectSchema, propertiesOf } from '../schema/standard/json.ts'
import type { Schema, SchemaOutput } from '../schema/standard/spec.ts'
import { compileCheck, compileTextCheck, firstProblem, type Check } from '../schema/validator/check.ts'
import { setting, type Setting, type Settings } from './setting.ts'

/** The settings of a service or a resource: a schema for each. */
export type OwnSettings = Readonly<Record<string, Schema>>

/** The values of such settings. */
export type OwnValues<Own extends OwnSettings> = {
  readonly [Name in keyof Own]: Own[Name] extends TOptional<TSchema>
    ? SchemaOutput<Own[Name]> | undefined
    : SchemaOutput<Own[Name]>
}

/**
 * Marks a setting whose value is never shown: not in logs, not in messages, not by `tricube config`.
 *
 * @example
 * service(userService, { settings: { jwtSecret: secret(), pspKey: secret(t.String({ minLength: 32 })) }, handlers })
 */
export function secret(): ReturnType<typeof anyText>
export function secret<Of extends Schema>(schema: Of): Of
export function secret(schema: Schema = anyText()): Schema {
  // A schema of another library is an object with methods, which a copy would lose.
  const mark = { [isSecret]: true }
  return isSchema(schema) ? { ...schema, ...mark } : Object.assign(Object.create(schema) as Schema, mark)
}

const isSecret: unique symbol = Symbol('tricube.secret')

function anyText(): ReturnType<typeof t.String> {
  return t.String({ minLength: 1 })
}

/** Makes settings from schemas: `pspUrl` is read from `PSP_URL`. It is required unless it is optional or has a default. */
export function settingsOf<Own extends OwnSettings>(own: Own): Settings<OwnValues<Own>> {
  const entries = Object.entries(own).map(([name, schema]) => [name, settingOf(name, schema)])
  return Object.fromEntries(entries) as Settings<OwnValues<Own>>
}

function settingOf(name: string, schema: Schema): Setting {
  const json = jsonOf(schema, 'input')
  const checkText = compileTextCheck(propertiesOf({ [name]: schema }), 'any', 'headers')
  const check = compileCheck(objectSchema({ [name]: schema }), 'any')
  const convert = compileConvert(schema)
  const wrong = (value: unknown): string | undefined => {
    const problems =
      (typeof value === 'string' && checkText({ [name]: value })) ||
      check({ [name]: value }) ||
      convert?.(value).problems
    return problems && firstProblem(problems.map(({ path, ...rest }) => ({ ...rest, path: inside(path, name) })))
  }
  const isOptional = check({}) === undefined
  return setting<unknown>(
    {
      expected: json.title ?? 'a value that its schema allows',
      parse: (text) => parsed(checkText, name, text),
      accepts: (value) => wrong(value) === undefined,
      wrong,
    },
    {
      variable: variableOf(name),
      meaning: json.description ?? '',
      value: json['default'] as unknown,
      isRequired: !isOptional && json['default'] === undefined,
      secret: isSecret in schema,
      ...(convert && { make: (value) => madeOf(convert(value)) }),
    },
  )
}

/** Converts a text to the value that the schema expects; returns the text itself when that fails. */
function parsed(check: Check, name: string, text: string): unknown {
  const holder: Record<string, unknown> = { [name]: text }
  return check(holder) === undefined ? holder[name] : text
}

/** Returns the value that a schema's own library makes. It has accepted it before. */
function madeOf(conversion: Conversion): unknown {
  return conversion.problems ? undefined : conversion.value
}

/** The path below the setting's name. */
function inside(path: string, name: string): string {
  return path === name ? '' : path.slice(name.length + 1)
}

/** Converts `pspUrl` to its variable, `PSP_URL`. */
function variableOf(name: string): string {
  return name.replace(/(?<=[a-z\d])(?=[A-Z])/g, '_').toUpperCase()
}
