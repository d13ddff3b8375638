import type { JsonSchema } from '../schema.ts'
import { canonical } from '../validator/unique.ts'
import { libraries, NoJsonSchema, type ConversionNotes } from './libraries.ts'
import { namedIn, normalise, representable, type Naming } from './normalise.ts'
import { isStandard, type StandardSchema } from './spec.ts'

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
/** Schemas whose description is being made, which schemas inside them must not wait for. */
const converting = new Set<object>()
let recursive = 0

function convert(schema: StandardSchema): Description {
  converting.add(schema)
  try {
    return convertSides(schema)
  } finally {
    converting.delete(schema)
  }
}

function convertSides(schema: StandardSchema): Description {
  const { vendor, jsonSchema } = schema['~standard']
  const library = libraries[vendor]
  const notes: ConversionNotes = { hasMore: library === undefined, named: new Map() }
  const names = new Map<string, string>()
  const naming: Naming = {
    madeUp: library?.madeUp ?? /^\W*\d+$/,
    recursive(ref) {
      const name = names.get(ref) ?? `Recursive${++recursive}`
      names.set(ref, name)
      return name
    },
  }
  const raw = (side: Side): Converted =>
    caught(() =>
      jsonSchema[side]({
        target: 'draft-2020-12',
        ...(library && { libraryOptions: library.options(notes, side) }),
      }),
    )
  const [rawInput, rawOutput] = [raw('input'), raw('output')]
  const write = (from: Converted, side: Side, how = naming): Converted =>
    from instanceof NoJsonSchema ? from : caught(() => normalise(from, side, how))
  const output = write(rawOutput, 'output')
  const renamed = renamedIn(write(rawInput, 'input'), output, notes)
  return {
    input: checked(write(rawInput, 'input', { ...naming, renamed })),
    output: checked(output),
    // Compared without what never counts in an output.
    hasMore: notes.hasMore || !isSame(write(rawInput, 'output'), output),
    isOptional: library?.isOptional?.(schema) ?? acceptsNothing(schema),
  }
}

type Converted = JsonSchema | NoJsonSchema

function checked(converted: Converted): Converted {
  return converted instanceof NoJsonSchema ? converted : representable(converted)
}

function caught(make: () => JsonSchema): Converted {
  try {
    return make()
  } catch (error) {
    return new NoJsonSchema('', (error as Error).message.split('\n', 1)[0]!)
  }
}

function isSame(one: Converted, other: Converted): boolean {
  return !(one instanceof NoJsonSchema || other instanceof NoJsonSchema) && canonical(one) === canonical(other)
}

/** Returns the names of schemas whose input is not their output. */
function renamedIn(input: Converted, output: Converted, { named }: ConversionNotes): ReadonlySet<string> {
  if (input instanceof NoJsonSchema) return new Set()
  const outputs = output instanceof NoJsonSchema ? new Map<string, JsonSchema>() : namedIn(output)
  const names = [...namedIn(input)].filter(([name, schema]) => {
    const other = outputs.get(name)
    return other ? canonical(other) !== canonical(schema) : isRenamedAlone(name, named.get(name))
  })
  return new Set(names.map(([name]) => name))
}

/** Whether the input of a schema is not its output, where a transform around it hides the output. */
function isRenamedAlone(name: string, schema: object | undefined): boolean {
  if (!isStandard(schema) || converting.has(schema)) return false
  const { input } = describe(schema)
  return !(input instanceof NoJsonSchema) && input['$id'] !== name
}

/** Whether the check of a library accepts a missing value. */
export function acceptsNothing(schema: StandardSchema): boolean {
  try {
    const result = schema['~standard'].validate(undefined)
    return !(result instanceof Promise) && result.issues === undefined
  } catch {
    return false
  }
}
