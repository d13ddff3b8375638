// What the conversion of a library to JSON Schema leaves out. The options of each conversion note it. No library is
// imported: a schema brings its own.

/** Notes of one conversion. */
export interface ConversionNotes {
  /** Whether the library has rules or code that its JSON Schema does not carry. */
  hasMore: boolean
  /** The schemas inside it that have a name, as far as the library shows them. */
  readonly named: Map<string, object>
}

/** Thrown at a part of a schema that has no JSON Schema. */
export class NoJsonSchema extends TypeError {
  override readonly name: string = 'NoJsonSchema'
  /** The field, such as `.address.since`; empty for the schema itself. */
  readonly path: string

  constructor(path: string, message: string) {
    super(message)
    this.path = path
  }
}

/** The keyword of a part without JSON Schema, with the reason. */
export const unrepresentable = 'x-unrepresentable'

/** How a library converts its schemas. */
interface Library {
  /** Options of its conversion. */
  readonly options: (notes: ConversionNotes, side: 'input' | 'output') => Record<string, unknown>
  /** Names that the library makes up for the definitions of recursive schemas. */
  readonly madeUp: RegExp
  /** Whether a field with the schema may be left out; undefined when its own check tells. */
  readonly isOptional?: (schema: object) => boolean
}

/** The libraries that are known, by vendor. What others leave out is not known, so their own check always runs. */
export const libraries: Readonly<Record<string, Library>> = {
  zod: { options: zodOptions, madeUp: /^__schema\d+$/, isOptional: isOptionalInZod },
  valibot: { options: valibotOptions, madeUp: /^\d+$/ },
  arktype: { options: arktypeOptions, madeUp: /^/ },
}

interface ZodSchema {
  readonly _zod: {
    readonly def: ZodDefinition & {
      readonly type: string
      readonly checks?: readonly { _zod: { def: ZodDefinition } }[]
    }
    readonly optin?: string
  }
}

interface ZodDefinition {
  readonly check?: string
  readonly format?: string
  readonly pattern?: RegExp
  readonly hostname?: RegExp
  readonly protocol?: RegExp
}

function zodOptions(notes: ConversionNotes): Record<string, unknown> {
  return {
    unrepresentable: ({ message }: { readonly message: string }): object => ({ [unrepresentable]: message }),
    override({ zodSchema, jsonSchema }: ZodVisit): void {
      const { def } = internalsOf(zodSchema)
      if (def.type === 'file') jsonSchema[unrepresentable] = 'File cannot be represented in JSON Schema'
      const name = jsonSchema.id ?? jsonSchema.title
      if (name !== undefined) notes.named.set(name, zodSchema)
      const checks = [def, ...(def.checks ?? []).map((check) => internalsOf(check).def)].filter(({ check }) => check)
      if (!zodTypes.has(def.type) || !checks.every(isCarried)) notes.hasMore = true
      for (const { pattern } of checks) if (pattern && hasFlags(pattern)) dropPattern(jsonSchema, pattern.source)
    },
  }
}

function isOptionalInZod(schema: object): boolean {
  return internalsOf(schema as ZodSchema).optin !== undefined // optional, or with a default
}

/** Returns what Zod keeps of a schema or a check. */
function internalsOf<Internals>({ _zod: internals }: { readonly _zod: Internals }): Internals {
  return internals
}

/** Whether JSON Schema has all of a check. */
function isCarried({ check, format, pattern, hostname, protocol }: ZodDefinition): boolean {
  if (check !== 'string_format') return zodChecks.has(check!)
  if (pattern) return !hasFlags(pattern)
  return format === 'url' && !hostname && !protocol
}

/** Whether flags change what a pattern matches. JSON Schema has no flags. */
function hasFlags({ flags }: RegExp): boolean {
  return /[ims]/.test(flags)
}

interface ZodVisit {
  readonly zodSchema: ZodSchema
  readonly jsonSchema: ZodJson
}

interface ZodJson {
  readonly id?: string
  readonly title?: string
  [unrepresentable]?: string
  pattern?: string
  allOf?: { readonly pattern?: string }[]
}

function dropPattern(json: ZodJson, source: string): void {
  if (json.pattern === source) delete json.pattern
  if (json.allOf) json.allOf = json.allOf.filter(({ pattern }) => pattern !== source)
}

const zodTypes: ReadonlySet<string> = new Set(
  (
    'string number int boolean null any unknown never object array tuple record enum literal union intersection ' +
    'nullable optional nonoptional readonly lazy template_literal'
  ).split(' '),
)

const zodChecks: ReadonlySet<string> = new Set([
  'greater_than',
  'less_than',
  'multiple_of',
  'number_format',
  'min_length',
  'max_length',
  'length_equals',
])

interface ValibotPart {
  readonly kind: string
  readonly type: string
  readonly default?: unknown
  readonly fallback?: unknown
}

function valibotOptions(notes: ConversionNotes, side: 'input' | 'output'): Record<string, unknown> {
  return {
    overrideAction({ valibotAction: { kind, type }, jsonSchema, errors }: ValibotAction): object | undefined {
      if (kind === 'transformation' && type !== 'brand' && type !== 'flavor' && type !== 'readonly')
        notes.hasMore = true
      if (!errors) return undefined
      notes.hasMore = true
      const isNewType = kind === 'transformation' && side === 'output' && !keepsType.has(type)
      return isNewType ? { ...jsonSchema, [unrepresentable]: errors[0] } : jsonSchema
    },
    overrideSchema({ valibotSchema, errors }: { valibotSchema: ValibotPart; errors?: string[] }): object | undefined {
      if (valibotSchema.default !== undefined || valibotSchema.fallback !== undefined) notes.hasMore = true
      if (valibotSchema.kind === 'schema' && !valibotTypes.has(valibotSchema.type)) notes.hasMore = true
      return errors && { [unrepresentable]: errors[0] }
    },
  }
}

interface ValibotAction {
  readonly valibotAction: ValibotPart
  readonly jsonSchema: object
  readonly errors?: readonly string[]
}

/** Actions whose result has the type of their input. */
const keepsType: ReadonlySet<string> = new Set(
  'trim trim_start trim_end to_lower_case to_upper_case normalize to_min_value to_max_value filter_items sort_items'.split(
    ' ',
  ),
)

const valibotTypes: ReadonlySet<string> = new Set(
  (
    'string number boolean null any unknown never object loose_object strict_object object_with_rest array tuple ' +
    'loose_tuple strict_tuple tuple_with_rest record enum picklist literal union variant intersect nullable nullish ' +
    'optional exact_optional undefinedable lazy'
  ).split(' '),
)

function arktypeOptions(notes: ConversionNotes): Record<string, unknown> {
  const more = ({ base }: { readonly base: object }): object => {
    notes.hasMore = true
    return base
  }
  const none = (what: string) => (): object => ({ [unrepresentable]: `${what} cannot be represented in JSON Schema` })
  return {
    fallback: {
      arrayPostfix({ base: withItems }: { readonly base: { readonly items?: unknown } }): object {
        const { items: _, ...base } = withItems
        return more({ base }) // the type of the middle is not that of the end
      },
      patternIntersection: more,
      predicate: more,
      morph: none('the result of a morph without a declared type'),
      arrayObject: none('an array with other properties'),
      domain: ({ domain }: { readonly domain?: string }) => none(`a ${domain}`)(),
      proto: ({ proto }: { readonly proto?: { readonly name: string } }) => none(`a ${proto?.name}`)(),
      date: none('a Date'),
      symbolKey: none('a symbol as a key'),
      unit: ({ unit }: { readonly unit?: unknown }) => (unit === undefined ? { not: {} } : none(`a ${typeof unit}`)()),
      defaultValue(): undefined {
        notes.hasMore = true
      },
    },
  }
}
