/** The parts of a metric's definition that are checked when it is created. */
export interface Definition {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  readonly aggregator: Aggregator
}

/** How the numbers of processes combine: their sum, the largest or the smallest. */
export type Aggregator = 'sum' | 'max' | 'min'

/**
 * Checks a metric by Prometheus' rules, which `promtool check metrics` would find broken later.
 *
 * @throws {TypeError} one line that names the metric and the broken rule
 * @see https://prometheus.io/docs/practices/naming/
 */
export function checkDefinition({ type, name, help, labels }: Definition): void {
  const wrong = (what: string): never => {
    throw new TypeError(`metric ${name}: ${what}`)
  }
  if (!/^[a-z_][a-z0-9_]*$/.test(name)) wrong('expected a name like orders_placed_total')
  if (typeof help !== 'string' || help.trim() === '') wrong('needs a help text that says what it counts or measures')
  if (type === 'counter' && !name.endsWith('_total')) wrong("a counter's name ends in _total")
  const suffix = type === 'counter' ? undefined : reservedSuffix.exec(name)?.[0]
  if (suffix) wrong(`the ending ${suffix} is reserved for counters and histograms: choose another name`)
  const label = labels.find((label) => !isLabelName(label))
  if (label !== undefined) wrong(`expected a label's name like status, got ${JSON.stringify(label)}`)
  if (new Set(labels).size < labels.length) wrong('two of its labels have one name')
}

/** The suffixes that the text formats append to a metric's name. */
const reservedSuffix = /_(?:total|bucket|count|sum|created)$/

/** The formats reserve `le`, `quantile` and names with two leading underscores. */
function isLabelName(label: string): boolean {
  return /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/.test(label) && label !== 'le' && label !== 'quantile'
}
