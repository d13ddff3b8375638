import { labelsText, type LabelValues } from './labels.ts'
import type { Aggregator, Definition } from './names.ts'

/**
 * The most combinations of label values of one metric; further ones are counted as `(other)`.
 *
 * It is OpenTelemetry's default: https://opentelemetry.io/docs/specs/otel/metrics/sdk/#cardinality-limits
 */
const maxChildren = 2000
/** The label value of combinations beyond the limit. */
const other = '(other)'

/** A metric with labels: one child for each combination of their values. */
export class Family<Child = unknown, Label extends string = string> {
  readonly type: Definition['type']
  readonly name: string
  readonly help: string
  readonly labelNames: readonly Label[]
  readonly aggregator: Aggregator
  readonly #make: () => Child
  readonly #onOverflow: (name: string) => void
  /** The children by their labels in the text formats. */
  readonly #children = new Map<string, Child>()
  #rest: Child | undefined

  constructor(definition: Definition, make: () => Child, onOverflow: (name: string) => void) {
    this.type = definition.type
    this.name = definition.name
    this.help = definition.help
    this.labelNames = definition.labels as readonly Label[]
    this.aggregator = definition.aggregator
    this.#make = make
    this.#onOverflow = onOverflow
  }

  /** Each child with its labels' text, in order of creation. */
  get children(): Iterable<readonly [labels: string, child: Child]> {
    return this.#children
  }

  /**
   * Returns the child with these values, and creates it on first use. Keep it where the values are known beforehand.
   *
   * @throws {TypeError} when a label has no value
   */
  labels(values: LabelValues<Label>): Child {
    const text = labelsText(this.name, this.labelNames, values)
    const child = this.#children.get(text)
    if (child) return child
    return this.#children.size < maxChildren ? this.#add(text) : (this.#rest ??= this.#overflow())
  }

  #add(text: string): Child {
    const child = this.#make()
    this.#children.set(text, child)
    return child
  }

  #overflow(): Child {
    this.#onOverflow(this.name)
    const values = Object.fromEntries(this.labelNames.map((label) => [label, other])) as LabelValues<Label>
    const text = labelsText(this.name, this.labelNames, values)
    return this.#children.get(text) ?? this.#add(text)
  }
}
