import type { JsonSchema } from '../schema.ts'
import { canonical } from '../validator/unique.ts'
import { libraries, NoJsonSchema, type ConversionNotes } from './libraries.ts'
import { namedIn, normalise, type Naming } from './normalise.ts'
import type { StandardSchema } from './spec.ts'

/** One side of a schema: what it reads, or what it makes of that. */
export type Side = 'input' | 'output'

/** What is known of a schema of another library. */
export interface Description {
  readonly input: JsonSchema | NoJsonSchema
  readonly output: JsonSchema | NoJsonSchema
  /** Whether the library's own check has to run after that of the JSON Schema: it has more rules, or changes the value. */
  readonly hasMore: boolean
  /** Whether a field with the schema may be left out. */
  readonly isOptional: boolean
}

/** Describes a schema of another library. It is converted once. */
export function describe(schema: StandardSchema): Description {
  let known = described.get(schema)
  if (!known) described.set(schema, (known = convert(schema)))
  return known
}

const described = new WeakMap<object, Description>()
let recursive = 0

function convert(schema: StandardSchema): Description {
  const { vendor, jsonSchema } = schema['~standard']
  const library = libraries[vendor]
  const notes: ConversionNotes = { hasMore: library === undefined }
  const names = new Map<string, string>()
  const naming: Naming = {
    madeUp: library?.madeUp ?? /^\W*\d+$/,
    recursive(ref) {
      const name = names.get(ref) ?? `Recursive${++recursive}`
      names.set(ref, name)
      return name
    },
  }
  const raw = (side: Side): JsonSchema | NoJsonSchema =>
    caught(() =>
      jsonSchema[side]({
        target: 'draft-2020-12',
        ...(library && { libraryOptions: library.options(notes, side) }),
      }),
    )
  const [rawInput, rawOutput] = [raw('input'), raw('output')]
  const write = (from: JsonSchema | NoJsonSchema, side: Side, how = naming): JsonSchema | NoJsonSchema =>
    from instanceof NoJsonSchema ? from : caught(() => normalise(from, side, how))
  const output = write(rawOutput, 'output')
  const alike = write(rawInput, 'output') // without what never counts in an output
  const renamed = differing(alike, output)
  return {
    input: write(rawInput, 'input', { ...naming, renamed }),
    output,
    hasMore: notes.hasMore || !isSame(alike, output),
    isOptional: library?.isOptional?.(schema) ?? acceptsNothing(schema),
  }
}

function caught(make: () => JsonSchema): JsonSchema | NoJsonSchema {
  try {
    return make()
  } catch (error) {
    return error instanceof NoJsonSchema ? error : new NoJsonSchema('', (error as Error).message.split('\n', 1)[0]!)
  }
}

function isSame(one: JsonSchema | NoJsonSchema, other: JsonSchema | NoJsonSchema): boolean {
  return !(one instanceof NoJsonSchema || other instanceof NoJsonSchema) && canonical(one) === canonical(other)
}

/** Returns the names of schemas whose input is not their output. */
function differing(input: JsonSchema | NoJsonSchema, output: JsonSchema | NoJsonSchema): ReadonlySet<string> {
  if (input instanceof NoJsonSchema || output instanceof NoJsonSchema) return new Set()
  const outputs = namedIn(output)
  const names = [...namedIn(input)].filter(([name, schema]) => {
    const other = outputs.get(name)
    return other !== undefined && canonical(other) !== canonical(schema)
  })
  return new Set(names.map(([name]) => name))
}

function acceptsNothing(schema: StandardSchema): boolean {
  try {
    const result = schema['~standard'].validate(undefined)
    return !(result instanceof Promise) && result.issues === undefined
  } catch {
    return false
  }
}
