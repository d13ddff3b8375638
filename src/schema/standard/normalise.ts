import { fromLibrary, mapSchema, walkSchema, type JsonSchema } from '../schema.ts'
import { NoJsonSchema, unrepresentable } from './libraries.ts'

/** How the schemas of a library are named. */
export interface Naming {
  /** Names of definitions that the library makes up. */
  readonly madeUp: RegExp
  /** Returns the name of a recursive schema that has none, by its reference. */
  readonly recursive: (ref: string) => string
  /** Named schemas with another name on this side, because input and output differ. */
  readonly renamed?: ReadonlySet<string>
}

/**
 * Converts the JSON Schema of a library to tricube's form. Named schemas are in place, with their `$id`. A schema that
 * contains itself refers to that. A part without JSON Schema says so by the keyword `unrepresentable`.
 */
export function normalise(raw: JsonSchema, side: 'input' | 'output', naming: Naming): JsonSchema {
  return new Expansion(raw, side, naming).refer('#')
}

class Expansion {
  readonly #root: JsonSchema
  readonly #side: 'input' | 'output'
  readonly #naming: Naming
  /** The references that are being expanded, and whether they contain themselves. */
  readonly #open = new Map<string, boolean>()

  constructor(root: JsonSchema, side: 'input' | 'output', naming: Naming) {
    this.#root = root
    this.#side = side
    this.#naming = naming
  }

  refer(ref: string): JsonSchema {
    const target = this.#target(ref)
    const name = this.#nameOf(ref, target)
    if (this.#open.has(ref)) {
      this.#open.set(ref, true)
      return { $ref: name ?? this.#naming.recursive(ref) }
    }
    this.#open.set(ref, false)
    const schema = this.#write(target)
    const isRecursive = this.#open.get(ref)
    this.#open.delete(ref)
    if (!isRecursive && name === undefined) return schema
    return { $id: name ?? this.#naming.recursive(ref), ...schema, ...marked }
  }

  #write(source: JsonSchema): JsonSchema {
    const { $schema: _, $defs: _defs, definitions: _definitions, id: _id, $ref, ...node } = source
    if (typeof $ref === 'string') {
      const target = this.refer($ref)
      return Object.keys(node).length === 0 ? target : { ...node, allOf: [target], ...marked }
    }
    const inner = mapSchema(node, (part) => {
      const name = this.#nameOf('', part)
      const written = this.#write(part)
      return name === undefined ? written : { $id: name, ...written, ...marked }
    })
    const { anyOf, required, additionalProperties, ...rest } = inner
    return {
      ...rest,
      // What may be undefined in JavaScript is only ever missing in JSON.
      ...(Array.isArray(anyOf) && unionOf(anyOf.filter((part) => !isNever(part)))),
      ...(Array.isArray(required) && required.length > 0 && { required: [...(required as string[])].sort() }),
      // A caller accepts what a newer service adds to its responses.
      ...(additionalProperties !== undefined &&
        !(additionalProperties === false && this.#side === 'output') && { additionalProperties }),
      ...marked,
    }
  }

  /** Returns the name that the author has given: the `id`, or a title that can be a name. */
  #nameOf(ref: string, { id, title, type }: JsonSchema): string | undefined {
    const defined = ref.replace(/^#\/\$defs\//, '')
    const own = typeof id === 'string' ? id : undefined
    const key = defined === '' || defined === '#' || this.#naming.madeUp.test(defined) ? undefined : defined
    const titled =
      type === 'object' && typeof title === 'string' && /^[A-Za-z_][\w.-]*$/.test(title) ? title : undefined
    const name = own ?? key ?? titled
    return name !== undefined && this.#naming.renamed?.has(name) ? `${name}Input` : name
  }

  #target(ref: string): JsonSchema {
    if (ref === '#') return this.#root
    const name = ref
      .replace(/^#\/(\$defs|definitions)\//, '')
      .replaceAll('~1', '/')
      .replaceAll('~0', '~')
    const all = (this.#root['$defs'] ?? this.#root['definitions'] ?? {}) as Record<string, JsonSchema>
    const target = all[name]
    if (!target) throw new TypeError(`$ref "${ref}" points to no schema in this one`)
    return target
  }
}

/** Marks a part as made by another library. */
const marked = { [fromLibrary]: true }

function unionOf(parts: readonly unknown[]): JsonSchema {
  const [only] = parts
  return parts.length === 1 ? (only as JsonSchema) : { anyOf: parts }
}

function isNever(part: unknown): boolean {
  const { not, ...rest } = part as JsonSchema
  return typeof not === 'object' && not !== null && Object.keys(not).length === 0 && Object.keys(rest).length === 0
}

/** Returns the schemas with a name, by their names. */
export function namedIn(schema: JsonSchema): Map<string, JsonSchema> {
  const named = new Map<string, JsonSchema>()
  walkSchema(schema, ({ $id, ...node }) => {
    if (typeof $id === 'string') named.set($id, node)
  })
  return named
}

/** Returns the first part of a schema that has no JSON Schema, with its path; else the schema. */
export function representable(schema: JsonSchema): JsonSchema | NoJsonSchema {
  return missingIn(schema, '') ?? schema
}

function missingIn(schema: JsonSchema, path: string): NoJsonSchema | undefined {
  const reason = schema[unrepresentable]
  if (typeof reason === 'string') return new NoJsonSchema(path, reason)
  let missing: NoJsonSchema | undefined
  mapSchema(schema, (inner, keyword, name) => {
    const at = keyword === 'properties' ? `.${name}` : keyword === 'items' || keyword === 'prefixItems' ? '[]' : ''
    missing ??= missingIn(inner, path + at)
    return inner
  })
  return missing
}
