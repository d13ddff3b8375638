import { mapSchema, type JsonSchema } from '../schema.ts'
import { isObject, modern } from './dialect.ts'

/**
 * How a schema is written: `closed` to properties that it does not name, `open` because what applies to the same value
 * closes it, or `as is` because it is a condition, which closing would turn into another.
 */
type Manner = 'closed' | 'open' | 'as is'

/** A schema whose objects have only the properties that they name, unless they say otherwise. */
export function closed(root: JsonSchema): JsonSchema {
  return new Writer(root).write('closed')
}

/** A schema as it is written, in the dialect that the validator reads. */
export function asWritten(root: JsonSchema): JsonSchema {
  return new Writer(root).write('as is')
}

class Writer {
  readonly #root: JsonSchema
  readonly #defs: { [name: string]: JsonSchema } = {}
  readonly #names = new Map<string, string>()

  constructor(root: JsonSchema) {
    this.#root = root
  }

  write(manner: Manner): JsonSchema {
    const schema = this.#write(this.#root, manner)
    return Object.keys(this.#defs).length > 0 ? { ...schema, $defs: this.#defs } : schema
  }

  /** `shared` are properties that several schemas describe for the same value: the outermost closes them. */
  #write(given: JsonSchema, manner: Manner, shared: ReadonlySet<string> = none): JsonSchema {
    const { $defs: _, definitions: _definitions, ...node } = modern(given)
    if (manner === 'as is') return this.#map(node, () => 'as is')
    if (manner === 'open') return this.#map(node, (keyword) => (inPlace.has(keyword) ? 'open' : 'closed'), shared)

    const parts = Object.keys(node).filter((keyword) => inPlace.has(keyword))
    const names = 'properties' in node || 'patternProperties' in node
    const isExplicit = 'additionalProperties' in node || 'unevaluatedProperties' in node
    if (parts.length === 0) {
      const inner = this.#map(node, () => 'closed')
      return names && !isExplicit ? { ...inner, additionalProperties: false } : inner
    }
    if (!names && !isExplicit && parts.length === 1 && delegates.has(parts[0]!)) return this.#map(node, () => 'closed')
    return this.#writeWhole(node, isExplicit)
  }

  /** A value that several schemas describe, for example an intersection: they are open, and their whole is closed. */
  #writeWhole(node: JsonSchema, isExplicit: boolean): JsonSchema {
    const several = this.#sharedProperties(node)
    const inner = this.#map(node, (keyword) => (inPlace.has(keyword) ? 'open' : 'closed'), new Set(several.keys()))
    const properties = Object.fromEntries(
      [...several].map(([name, parts]) => [name, this.#write({ allOf: parts }, 'closed')]),
    )
    const whole = several.size > 0 ? { ...inner, allOf: [...asList(inner['allOf']), { properties }] } : inner
    return !isExplicit && this.#namesProperties(node, new Set()) ? { ...whole, unevaluatedProperties: false } : whole
  }

  #map(node: JsonSchema, mannerOf: (keyword: string) => Manner, shared: ReadonlySet<string> = none): JsonSchema {
    const written = mapSchema(node, (inner, keyword, name) => {
      if (conditions.has(keyword)) return this.#write(inner, 'as is')
      if (keyword === 'properties' && shared.has(name)) return this.#write(inner, 'open')
      return this.#write(inner, mannerOf(keyword), inPlace.has(keyword) ? shared : none)
    })
    return typeof node['$ref'] === 'string'
      ? { ...written, $ref: this.#refer(node['$ref'], mannerOf('$ref')) }
      : written
  }

  /** Makes one definition of what a reference names, for each manner in which it is written. */
  #refer(ref: string, manner: Manner): string {
    const key = `${manner} ${ref}`
    let name = this.#names.get(key)
    if (name === undefined) {
      this.#names.set(key, (name = `${this.#names.size}`))
      this.#defs[name] = {} // keeps the order of the names
      const target = resolve(this.#root, ref)
      this.#defs[name] = typeof target === 'boolean' ? (target ? {} : { not: {} }) : this.#write(target, manner)
    }
    return `#/$defs/${name}`
  }

  /** Whether a schema, or one that applies to the same value, names properties. */
  #namesProperties(node: JsonSchema, seen: Set<JsonSchema>): boolean {
    if (seen.has(node)) return false
    seen.add(node)
    if ('properties' in node || 'patternProperties' in node) return true
    return this.#parts(node).some(({ part }) => this.#namesProperties(part, seen))
  }

  /** The properties that more than one of the schemas of a value describe, with what each says. */
  #sharedProperties(node: JsonSchema): Map<string, JsonSchema[]> {
    const found = new Map<string, JsonSchema[]>()
    const collect = (schema: JsonSchema, isCertain: boolean): void => {
      for (const [name, inner] of Object.entries(isObject(schema['properties']) ? schema['properties'] : {})) {
        if (!isObject(inner)) continue
        // What applies to some values only says which names there may be, not that it has to match.
        found.set(name, [...(found.get(name) ?? []), isCertain ? inner : { anyOf: [inner, {}] }])
      }
      for (const { part, keyword } of this.#parts(schema))
        if (keyword !== '$ref') collect(part, isCertain && keyword === 'allOf')
    }
    collect(node, true)
    for (const [name, parts] of found) {
      const names = parts.filter((part) => this.#namesProperties(part, new Set()))
      if (names.length < 2) found.delete(name)
    }
    return found
  }

  /** The schemas that apply to the same value as this one. */
  #parts(node: JsonSchema): { keyword: string; part: JsonSchema }[] {
    const parts: { keyword: string; part: JsonSchema }[] = []
    mapSchema(node, (part, keyword) => {
      if (inPlace.has(keyword)) parts.push({ keyword, part })
      return part
    })
    const ref = node['$ref']
    const target = typeof ref === 'string' ? resolve(this.#root, ref) : undefined
    if (isObject(target)) parts.push({ keyword: '$ref', part: target })
    return parts
  }
}

/** What `#/$defs/User` names. RFC 6901. */
export function resolve(root: JsonSchema, ref: string): JsonSchema | boolean {
  let found: unknown = root
  if (ref !== '#' && !ref.startsWith('#/')) throw new TypeError(`$ref "${ref}" is not the $id of a schema in this one`)
  for (const token of ref.split('/').slice(1)) {
    const name = decodeURIComponent(token).replaceAll('~1', '/').replaceAll('~0', '~')
    found = typeof found === 'object' && found !== null && Object.hasOwn(found, name) ? found[name as never] : undefined
  }
  if (isObject(found) || typeof found === 'boolean') return found
  throw new TypeError(`$ref "${ref}" names no schema in this one`)
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

const none: ReadonlySet<string> = new Set()
/** The keywords whose schemas apply to the same value. */
const inPlace: ReadonlySet<string> = new Set(['$ref', 'allOf', 'anyOf', 'oneOf', 'then', 'else', 'dependentSchemas'])
/** Alone in a schema, they can leave the closing to theirs: each kind of a union has its own properties. */
const delegates: ReadonlySet<string> = new Set(['anyOf', 'oneOf', '$ref'])
const conditions: ReadonlySet<string> = new Set(['not', 'if', 'contains', 'propertyNames'])
