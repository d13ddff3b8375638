import { isDeepStrictEqual } from 'node:util'
import { mapSchema, type JsonSchema } from '../schema/schema.ts'
import { exampleOf } from './example.ts'
import type { OpenApiContent } from './types.ts'

/**
 * The named schemas of a document. A schema with an `$id` becomes a component of that name wherever it occurs; all others
 * stay inline.
 */
export class Components {
  readonly #schemas = new Map<string, JsonSchema>()
  readonly #open = new Set<string>()
  readonly #referenced = new Set<string>()

  /**
   * Converts a schema to OpenAPI 3.1's: JSON Schema 2020-12, without TypeBox's symbols and `$id`.
   *
   * @throws {TypeError} when two different schemas have the same name, or a name is invalid for a component
   */
  use({ $id, ...schema }: JsonSchema): JsonSchema {
    return typeof $id === 'string' ? this.#component($id, schema) : this.#inline(schema)
  }

  /** Returns the component that a reference made by `use` points to. */
  get($ref: string): JsonSchema | undefined {
    return this.#schemas.get($ref.slice(prefix.length))
  }

  /**
   * Returns all components in alphabetical order.
   *
   * @throws {TypeError} when a reference has no target
   */
  all(): Readonly<Record<string, JsonSchema>> {
    for (const name of this.#referenced) {
      if (!this.#schemas.has(name)) throw new TypeError(`no schema has the $id "${name}" that a $ref names`)
    }
    return Object.fromEntries([...this.#schemas].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  #component(name: string, schema: JsonSchema): JsonSchema {
    if (!/^[\w.-]+$/.test(name)) {
      throw new TypeError(`schema $id "${name}": a component's name may contain only letters, digits, ".", "_" and "-"`)
    }
    const inside = this.#open.has(name) // inside itself, which a finite schema with this content cannot be
    this.#open.add(name)
    const component = this.#inline(schema)
    this.#open.delete(name)
    const known = this.#schemas.get(name)
    if (inside || (known && !isDeepStrictEqual(known, component))) {
      throw new TypeError(`two different schemas have the $id "${name}": rename one of them`)
    }
    this.#schemas.set(name, component)
    return { $ref: prefix + name }
  }

  #inline({ $defs, ...schema }: JsonSchema): JsonSchema {
    for (const [name, definition] of Object.entries($defs ?? {})) this.use({ $id: name, ...definition })
    const { $ref, items, additionalItems, ...rest } = mapSchema(asEnum(schema), (inner) => this.use(inner))
    return {
      ...rest,
      ...(typeof $ref === 'string' && { $ref: this.#reference($ref) }),
      // Before 2020-12, a list of items defined a tuple.
      ...(Array.isArray(items)
        ? { prefixItems: items, items: additionalItems ?? true }
        : items !== undefined && { items }),
    }
  }

  #reference($ref: string): string {
    const name = $ref.replace(/^#\/\$defs\//, '')
    this.#referenced.add(name)
    return prefix + name
  }
}

/** Converts a union of plain literals to an `enum` with its type, which people and client generators read best. */
function asEnum({ anyOf, ...schema }: JsonSchema): JsonSchema {
  if (!Array.isArray(anyOf)) return schema
  const values = anyOf.map(literalOf)
  if (values.length === 0 || values.includes(undefined) || 'enum' in schema) return { ...schema, anyOf }
  const types = [...new Set(values.map(typeOf))]
  return { ...schema, type: types.length === 1 ? types[0] : types, enum: [...new Set(values)] }
}

/** Returns the only value of a schema with no other keyword; undefined for any other schema. */
function literalOf(part: unknown): unknown {
  const { const: value, type, ...rest } = part as JsonSchema
  if (Object.keys(rest).length > 0) return undefined
  return value === undefined && type === 'null' ? null : typeof value === 'object' && value !== null ? undefined : value
}

function typeOf(value: unknown): string {
  return value === null ? 'null' : typeof value
}

/** Returns a schema as the content of a body, with an example if one can be made. */
export function contentOf(source: JsonSchema, components: Components): OpenApiContent {
  const schema = components.use(source)
  const example = exampleOf(schema, components)
  return { 'application/json': { schema, ...(example !== undefined && { example }) } }
}

const prefix = '#/components/schemas/'
