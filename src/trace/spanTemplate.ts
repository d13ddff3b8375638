/** The kinds of spans, with OTLP's numbers. */
export const spanKinds = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const

/** The side of a communication that a span describes. */
export type SpanKind = keyof typeof spanKinds

/** The value of an attribute. */
export type AttributeValue = string | number | boolean | readonly string[] | readonly number[] | readonly boolean[]

/** Attributes by name, following OpenTelemetry's semantic conventions where they have a name. */
export type Attributes = Readonly<Record<string, AttributeValue>>

/**
 * The fields that the spans of one place in the program share, so that exporters encode them once. A span has only what
 * differs.
 */
export interface SpanTemplate {
  readonly name: string
  readonly kind: SpanKind
  readonly attributes: Attributes
  /** The names of the values in a span's `value0`, `value1` and `value2`. */
  readonly slots: readonly string[]
  /** The name of the peer. */
  readonly peer: string | undefined
}

/** Creates a template. */
export function spanTemplate(
  name: string,
  {
    kind = 'internal',
    attributes = {},
    slots = [],
    peer,
  }: {
    readonly kind?: SpanKind
    readonly attributes?: Attributes
    readonly slots?: readonly [string?, string?, string?]
    readonly peer?: string
  } = {},
): SpanTemplate {
  return { name, kind, attributes, slots: slots as readonly string[], peer }
}
