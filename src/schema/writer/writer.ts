import type { JsonSchema } from '../schema.ts'
import { merge } from './merge.ts'
import { compileRules, rulesOf } from './rules.ts'
import { objectCode, type ObjectParts } from './object.ts'
import { appendNumber, appendOneOf, appendString } from './scalars.ts'
import { alsoCheck, impliedType, hasRules, prepareSchema, type PreparedSchema } from './preparedSchema.ts'
import { asRead, isoTime, isRecord, plain, plainDay, plainLocal, quote, writeAny } from './values.ts'

/** Writes a value as JSON; returns undefined when it breaks the schema. */
export type Write = (value: unknown) => string | undefined

/**
 * Compiles a schema into code that writes its values. Unknown fields are left out, and no value is converted.
 *
 * Generated code, as in ajv, is the fastest, and writing rows is most of what many services do.
 *
 * @throws {TypeError} when a reference has no target
 */
export function compileWriter(schema: JsonSchema): Write {
  return new Writer(schema).compile()
}

/** The functions that the code calls, by name. */
const runtime = { asRead, isoTime, isRecord, plain, plainDay, plainLocal, quote, writeAny }

class Writer implements ObjectParts {
  readonly #root: JsonSchema
  readonly #functions: string[] = []
  readonly #constants: unknown[] = []
  readonly #references = new Map<string, string>()

  constructor(root: JsonSchema) {
    this.#root = root
  }

  compile(): Write {
    const { $defs: _, ...schema } = this.#root
    const write = this.#function(schema)
    const constants = this.#constants.map((_constant, i) => `k${i}`)
    const code = `'use strict'\n${this.#functions.join('\n')}\nreturn ${write}`
    // oxlint-disable-next-line typescript/no-implied-eval -- generated from a contract, which is code itself
    const make = new Function(...Object.keys(runtime), ...constants, code) as (...values: unknown[]) => Write
    return make(...Object.values(runtime), ...this.#constants)
  }

  constant(value: unknown): string {
    return `k${this.#constants.push(value) - 1}`
  }

  check(rules: JsonSchema, expression: string): string {
    const { $defs } = this.#root
    return `if (!${this.constant(compileRules($defs ? { ...rules, $defs } : rules))}(${expression})) return`
  }

  /** Returns code that appends a text and a variable's value to `s`, or returns early when the value breaks the schema. */
  append(node: unknown, v: string, before = ''): string {
    if (node === false) return 'return'
    const schema = prepareSchema(node === true ? {} : (node as JsonSchema), this.#resolve)
    const { $ref, anyOf, type } = schema
    if (typeof $ref === 'string') return this.#call(this.#reference($ref), v, before)
    if ('const' in schema || 'enum' in schema) return appendOneOf(schema, v, before, this)
    if (Array.isArray(anyOf)) return this.#appendUnion(schema, anyOf as JsonSchema[], v, before)
    if (schema['nullable'] === true) {
      return this.append({ ...schema, nullable: false, type: [type, 'null'].flat() }, v, before)
    }
    if (Array.isArray(type)) return this.#appendTypes(schema, type as string[], v, before)
    switch (type ?? impliedType(schema)) {
      case 'null':
        return `if (${v} !== null) return\ns += ${JSON.stringify(`${before}null`)}`
      case 'boolean':
        return `if (typeof ${v} !== 'boolean') return\ns += ${JSON.stringify(before)} + ${v}`
      case 'integer':
      case 'number':
        return appendNumber(schema, v, before, this)
      case 'string':
        return appendString(schema, v, before, this)
      case 'array':
        return this.#call(this.#list(schema), v, before)
      case 'object':
        return this.#call(
          this.#define((name) => objectCode(name, schema, this)),
          v,
          before,
        )
      case undefined:
        return `${this.rules(schema, v)}${this.#call('writeAny', v, before)}`
      default:
        return 'return' // the parts of an intersection have no type in common
    }
  }

  #appendTypes(schema: JsonSchema, types: readonly string[], v: string, before: string): string {
    const [first = 'none', ...others] = types.filter((type) => type !== 'null')
    const isNull = `${v} === null`
    if (types.length === 1 || first === 'none') return this.append({ ...schema, type: types[0] ?? first }, v, before)
    const rest =
      others.length === 0
        ? this.append({ ...schema, type: first }, v, before)
        : this.append({ anyOf: [first, ...others].map((type) => ({ ...schema, type })) }, v, before)
    if (!types.includes('null')) return rest
    return `if (${isNull}) s += ${JSON.stringify(`${before}null`)}\nelse {\n${rest}\n}`
  }

  #appendUnion(schema: PreparedSchema, branches: readonly JsonSchema[], v: string, before: string): string {
    const { anyOf: _, ...beside } = schema
    const isConstrained = hasRules(beside)
    const complete = isConstrained ? branches.map((branch) => merge(beside, branch, this.#resolve)) : branches
    if (complete.every((branch) => 'const' in branch && !isObject(branch['const']))) {
      return this.append({ enum: complete.map((branch) => branch['const']) }, v, before)
    }
    const calls = complete.map((branch) => `r === undefined && (r = ${this.#function(branch)}(${v}))`)
    const rules = this.rules(isConstrained ? { [alsoCheck]: schema, ...schema } : beside, v)
    return `${rules}{ let r\n${calls.join('\n')}\nif (r === undefined) return\ns += ${JSON.stringify(before)} + r }`
  }

  #call(name: string, v: string, before: string): string {
    return `{ const r = ${name}(${v}); if (r === undefined) return; s += ${JSON.stringify(before)} + r }`
  }

  /** Returns the name of a function that writes a schema's values. */
  #function(schema: unknown): string {
    return this.#define((name) => `function ${name}(v) {\nlet s = ''\n${this.append(schema, 'v')}\nreturn s\n}`)
  }

  #define(code: (name: string) => string): string {
    const number = this.#functions.push('') - 1 // reserved first, because its code may need others
    this.#functions[number] = code(`f${number}`)
    return `f${number}`
  }

  #reference($ref: string): string {
    const known = this.#references.get($ref)
    if (known !== undefined) return known
    return this.#define((name) => {
      this.#references.set($ref, name) // its code may refer to itself
      return `function ${name}(v) {\nlet s = ''\n${this.append(this.#resolve($ref), 'v')}\nreturn s\n}`
    })
  }

  readonly #resolve = ($ref: string): JsonSchema => {
    if ($ref === '#') return this.#root
    const found = ((this.#root['$defs'] ?? {}) as Record<string, JsonSchema>)[$ref.replace('#/$defs/', '')]
    if (!found) throw new TypeError(`$ref "${$ref}" points to no schema`)
    return found
  }

  #list(schema: JsonSchema): string {
    const { items = true, minItems, maxItems } = schema
    const first = (schema['prefixItems'] ?? (Array.isArray(items) ? items : [])) as unknown[]
    const others = Array.isArray(items) ? (schema['additionalItems'] ?? true) : items
    return this.#define((name) => {
      const cases = first.map((item, i) => `case ${i}: {\n${this.append(item, 'e')}\nbreak\n}`)
      const other = this.append(others, 'e')
      return `function ${name}(v) {
if (!Array.isArray(v)) { v = plain(v); if (!Array.isArray(v)) return }
if (v.length < ${Number(minItems ?? 0)} || v.length > ${Number(maxItems ?? Infinity)}) return
${this.rules(schema, 'v')}let s = '['
for (let i = 0; i < v.length; i++) {
if (i > 0) s += ','
let e = v[i]
${cases.length > 0 ? `switch (i) {\n${cases.join('\n')}\ndefault: {\n${other}\n}\n}` : other}
}
return s + ']'
}`
    })
  }

  /** Returns code that returns early when a value breaks a rule. */
  rules(schema: PreparedSchema, v: string): string {
    const rules = schema[alsoCheck] ?? rulesOf(schema)
    return rules ? `${this.check(rules, `asRead(${v})`)}\n` : ''
  }
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null
}
