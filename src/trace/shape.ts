/** OTLP's numbers of the kinds. */
export const spanKinds = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const

/** Which side of a communication a span is. */
export type SpanKind = keyof typeof spanKinds

/** A value that a span can have for a name. */
export type AttributeValue = string | number | boolean | readonly string[] | readonly number[] | readonly boolean[]

/** Names with their values, by OpenTelemetry's semantic conventions where these have a name. */
export type Attributes = Readonly<Record<string, AttributeValue>>

/**
 * What the spans of one place in the program have in common, said once, so that exporters write it down once: a span
 * itself is what differs.
 */
export interface SpanShape {
  readonly name: string
  readonly kind: SpanKind
  readonly attributes: Attributes
  /** Names of the values that a span keeps in `value0`, `value1` and `value2`. */
  readonly slots: readonly string[]
  /** Name of whoever is at the other end. */
  readonly peer: string | undefined
}

/** Makes a shape. */
export function spanShape(
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
): SpanShape {
  return { name, kind, attributes, slots: slots as readonly string[], peer }
}
