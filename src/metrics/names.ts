/** What a metric is called and what it is: what is checked once, when it is made. */
export interface Definition {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  readonly aggregator: Aggregator
}

/** What the numbers of several processes make together: their sum, or the largest or smallest of them. */
export type Aggregator = 'sum' | 'max' | 'min'

/**
 * Checks a metric by the rules of Prometheus, which `promtool check metrics` looks for later.
 *
 * @throws {TypeError} one line that names the metric and what is wrong
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
  if (suffix) wrong(`the ending ${suffix} belongs to counters and histograms`)
  const label = labels.find((label) => !isLabelName(label))
  if (label !== undefined) wrong(`expected a label's name like status, got ${JSON.stringify(label)}`)
  if (new Set(labels).size < labels.length) wrong('two of its labels have one name')
}

/** What the text formats append to a metric's name. */
const reservedSuffix = /_(?:total|bucket|count|sum|created)$/

/** `le` and `quantile` are the formats' own, and so is what begins with two underscores. */
function isLabelName(label: string): boolean {
  return /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/.test(label) && label !== 'le' && label !== 'quantile'
}
