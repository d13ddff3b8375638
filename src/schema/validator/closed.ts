import { mapSchema, type JsonSchema } from '../schema.ts'
import { isObject, modern } from './dialect.ts'

/**
 * How a schema treats unnamed properties. `closed` rejects them. `open` allows them, because an enclosing schema of the
 * same value rejects them. `as is` leaves a condition unchanged, because closing it would change its meaning.
 */
type ClosingMode = 'closed' | 'open' | 'as is'

/** Returns a schema whose objects have only named properties, unless it says otherwise. */
export function closed(root: JsonSchema): JsonSchema {
  return new Writer(root).write('closed')
}

/** Rewrites a schema for the validator. */
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

  write(mode: ClosingMode): JsonSchema {
    const schema = this.#write(this.#root, mode)
    return Object.keys(this.#defs).length > 0 ? { ...schema, $defs: this.#defs } : schema
  }

  /** `shared` are properties that other schemas describe for the same value: the outermost schema closes them. */
  #write(source: JsonSchema, mode: ClosingMode, shared: ReadonlySet<string> = none): JsonSchema {
    const { $defs: _, definitions: _definitions, ...node } = modern(source)
    if (mode === 'as is') return this.#map(node, () => 'as is')
    if (mode === 'open') return this.#map(node, (keyword) => (inPlace.has(keyword) ? 'open' : 'closed'), shared)

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

  /** For a value with more than one schema, such as an intersection, the parts are open and their union is closed. */
  #writeWhole(node: JsonSchema, isExplicit: boolean): JsonSchema {
    const several = this.#sharedProperties(node)
    const inner = this.#map(node, (keyword) => (inPlace.has(keyword) ? 'open' : 'closed'), new Set(several.keys()))
    const properties = Object.fromEntries(
      [...several].map(([name, parts]) => [name, this.#write({ allOf: parts }, 'closed')]),
    )
    const whole = several.size > 0 ? { ...inner, allOf: [...asList(inner['allOf']), { properties }] } : inner
    return !isExplicit && this.#namesProperties(node, new Set()) ? { ...whole, unevaluatedProperties: false } : whole
  }

  #map(node: JsonSchema, modeOf: (keyword: string) => ClosingMode, shared: ReadonlySet<string> = none): JsonSchema {
    const written = mapSchema(node, (inner, keyword, name) => {
      if (conditions.has(keyword)) return this.#write(inner, 'as is')
      if (keyword === 'properties' && shared.has(name)) return this.#write(inner, 'open')
      return this.#write(inner, modeOf(keyword), inPlace.has(keyword) ? shared : none)
    })
    return typeof node['$ref'] === 'string' ? { ...written, $ref: this.#refer(node['$ref'], modeOf('$ref')) } : written
  }

  /** Creates one definition per target of a reference and mode. */
  #refer(ref: string, mode: ClosingMode): string {
    const key = `${mode} ${ref}`
    let name = this.#names.get(key)
    if (name === undefined) {
      this.#names.set(key, (name = `${this.#names.size}`))
      this.#defs[name] = {} // keeps the order of names
      const target = resolve(this.#root, ref)
      this.#defs[name] = typeof target === 'boolean' ? (target ? {} : { not: {} }) : this.#write(target, mode)
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

  /** Returns the properties that more than one schema of a value describes, with their schemas. */
  #sharedProperties(node: JsonSchema): Map<string, JsonSchema[]> {
    const found = new Map<string, JsonSchema[]>()
    const collect = (schema: JsonSchema, isCertain: boolean): void => {
      for (const [name, inner] of Object.entries(isObject(schema['properties']) ? schema['properties'] : {})) {
        if (!isObject(inner)) continue
        // A conditional schema contributes only names, because it need not match.
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

  /** Returns the schemas that apply to the same value as this one. */
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

/** Resolves a reference such as `#/$defs/User`. RFC 6901. */
export function resolve(root: JsonSchema, ref: string): JsonSchema | boolean {
  let found: unknown = root
  if (ref !== '#' && !ref.startsWith('#/')) throw new TypeError(`$ref "${ref}" is not the $id of a schema in this one`)
  for (const token of ref.split('/').slice(1)) {
    const name = decodeURIComponent(token).replaceAll('~1', '/').replaceAll('~0', '~')
    found = typeof found === 'object' && found !== null && Object.hasOwn(found, name) ? found[name as never] : undefined
  }
  if (isObject(found) || typeof found === 'boolean') return found
  throw new TypeError(`$ref "${ref}" points to no schema in this one`)
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

const none: ReadonlySet<string> = new Set()
/** The keywords whose schemas apply to the same value. */
const inPlace: ReadonlySet<string> = new Set(['$ref', 'allOf', 'anyOf', 'oneOf', 'then', 'else', 'dependentSchemas'])
/** A schema with only these keywords leaves closing to the parts: each part of a union has its own properties. */
const delegates: ReadonlySet<string> = new Set(['anyOf', 'oneOf', '$ref'])
const conditions: ReadonlySet<string> = new Set(['not', 'if', 'contains', 'propertyNames'])
