import { isDeepStrictEqual } from 'node:util'
import { mapSchema, type JsonSchema } from '../schema/schema.ts'
import { exampleOf } from './example.ts'
import type { OpenApiContent } from './types.ts'

/**
 * The named schemas of a document. A schema with an `$id` becomes a component of that name wherever it occurs; the
 * others stay where they are.
 */
export class Components {
  readonly #schemas = new Map<string, JsonSchema>()
  readonly #open = new Set<string>()
  readonly #referenced = new Set<string>()

  /**
   * A schema as OpenAPI 3.1 has it: JSON Schema 2020-12, without TypeBox's symbols and `$id`.
   *
   * @throws {TypeError} when two different schemas have one name, or a name cannot be a component's
   */
  use({ $id, ...schema }: JsonSchema): JsonSchema {
    return typeof $id === 'string' ? this.#component($id, schema) : this.#inline(schema)
  }

  /** The component that a reference made by `use` leads to. */
  get($ref: string): JsonSchema | undefined {
    return this.#schemas.get($ref.slice(prefix.length))
  }

  /**
   * All of them by name, in the order of the alphabet.
   *
   * @throws {TypeError} when a reference leads nowhere
   */
  all(): Readonly<Record<string, JsonSchema>> {
    for (const name of this.#referenced) {
      if (!this.#schemas.has(name)) throw new TypeError(`no schema has the $id "${name}" that another one refers to`)
    }
    return Object.fromEntries([...this.#schemas].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  #component(name: string, schema: JsonSchema): JsonSchema {
    if (!/^[\w.-]+$/.test(name)) {
      throw new TypeError(`schema $id "${name}": a component's name is made of letters, digits, ".", "_" and "-"`)
    }
    const inside = this.#open.has(name) // of itself: a finite schema cannot contain its equal
    this.#open.add(name)
    const component = this.#inline(schema)
    this.#open.delete(name)
    const known = this.#schemas.get(name)
    if (inside || (known && !isDeepStrictEqual(known, component))) {
      throw new TypeError(`two different schemas have the $id "${name}"`)
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
      // A list is a tuple, as it was said before 2020-12.
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

/** A union of plain literals is an `enum` with its type: what generators of clients and people read best. */
function asEnum({ anyOf, ...schema }: JsonSchema): JsonSchema {
  if (!Array.isArray(anyOf)) return schema
  const values = anyOf.map(literalOf)
  if (values.length === 0 || values.includes(undefined) || 'enum' in schema) return { ...schema, anyOf }
  const types = [...new Set(values.map(typeOf))]
  return { ...schema, type: types.length === 1 ? types[0] : types, enum: [...new Set(values)] }
}

/** The only value of a schema that says nothing else; undefined of any other. */
function literalOf(part: unknown): unknown {
  const { const: value, type, ...rest } = part as JsonSchema
  if (Object.keys(rest).length > 0) return undefined
  return value === undefined && type === 'null' ? null : typeof value === 'object' && value !== null ? undefined : value
}

function typeOf(value: unknown): string {
  return value === null ? 'null' : typeof value
}

/** A schema as the content of a body, with an example when there can be one. */
export function contentOf(source: JsonSchema, components: Components): OpenApiContent {
  const schema = components.use(source)
  const example = exampleOf(schema, components)
  return { 'application/json': { schema, ...(example !== undefined && { example }) } }
}

const prefix = '#/components/schemas/'
