import { Counter } from './counter.ts'
import { Family } from './family.ts'
import { Gauge } from './gauge.ts'
import { Histogram } from './histogram.ts'
import type { LabelValues } from './labels.ts'
import { checkDefinition, type Aggregator, type Definition } from './names.ts'
import { snapshotOf, type FamilySnapshot } from './snapshot.ts'
import { textOf, type MetricsText } from './text.ts'

/** Options of a metric. */
export interface MetricOptions<Label extends string = string> {
  /** One sentence on what it counts or measures. */
  readonly help: string
  /** The names of its labels. Each should have few values: never an id, an address or text from a caller. */
  readonly labels?: readonly Label[] | undefined
}

/** Options of a gauge. */
export interface GaugeOptions<Label extends string = string> extends MetricOptions<Label> {
  /** How the gauges of workers combine. Default: their sum. */
  readonly aggregator?: Aggregator | undefined
}

/** Options of a histogram. */
export interface HistogramOptions<Label extends string = string> extends MetricOptions<Label> {
  /** The upper limits of the buckets, ascending. Default: for seconds, from 1 ms to 10 s. */
  readonly buckets?: readonly number[] | undefined
}

/** A metric with labels. */
export interface Labelled<Child, Label extends string> {
  /**
   * Returns the metric with these label values. Beyond 2,000 combinations, everything is counted as `(other)`.
   *
   * @throws {TypeError} when a label has no value
   */
  labels(values: LabelValues<Label>): Child
}

/** Limits in seconds: a response without a database takes less than 1 ms, and differences above 10 s do not matter. */
const secondsBuckets: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

type Unlabelled<Options> = Options & { readonly labels?: undefined }
type WithLabels<Options, Label extends string> = Options & { readonly labels: readonly Label[] }

/**
 * The metrics of a service. Counting costs one addition; text is made on request.
 *
 * Creating a metric that exists returns the existing one, so a handler may call
 * `metrics.counter('orders_placed_total', { help: 'Orders placed.' }).inc()`.
 *
 * Each method that creates a metric throws a TypeError of one line when its name, help or labels break Prometheus' rules,
 * or when another metric has the name.
 *
 * @example
 * const placed = metrics.counter('orders_placed_total', { help: 'Orders placed.', labels: ['kind'] })
 * placed.labels({ kind: 'gift' }).inc()
 */
export class Metrics {
  readonly #families = new Map<string, Family>()
  readonly #onScrape: (() => void)[] = []
  readonly #onOverflow: (name: string) => void

  /** `onOverflow` is called once for each metric with more than 2,000 combinations of label values. */
  constructor({ onOverflow = () => {} }: { readonly onOverflow?: (name: string) => void } = {}) {
    this.#onOverflow = onOverflow
  }

  /** Creates a counter, a number that only grows; its name ends in `_total`. */
  counter(name: string, options: Unlabelled<MetricOptions>): Counter
  counter<const Label extends string>(
    name: string,
    options: WithLabels<MetricOptions<Label>, Label>,
  ): Labelled<Counter, Label>
  counter(name: string, options: MetricOptions): Counter | Labelled<Counter, string> {
    return this.#metric('counter', name, options, () => new Counter())
  }

  /** Creates a gauge, a number that goes up and down. */
  gauge(name: string, options: Unlabelled<GaugeOptions>): Gauge
  gauge<const Label extends string>(
    name: string,
    options: WithLabels<GaugeOptions<Label>, Label>,
  ): Labelled<Gauge, Label>
  gauge(name: string, options: GaugeOptions): Gauge | Labelled<Gauge, string> {
    return this.#metric('gauge', name, options, () => new Gauge())
  }

  /** Creates a histogram; its default `buckets` are for durations in seconds. */
  histogram(name: string, options: Unlabelled<HistogramOptions>): Histogram
  histogram<const Label extends string>(
    name: string,
    options: WithLabels<HistogramOptions<Label>, Label>,
  ): Labelled<Histogram, Label>
  histogram(name: string, options: HistogramOptions): Histogram | Labelled<Histogram, string> {
    const bounds = options.buckets ?? secondsBuckets
    return this.#metric('histogram', name, options, () => new Histogram(bounds))
  }

  /** Runs `update` before each scrape, for numbers that are counted elsewhere. */
  onScrape(update: () => void): void {
    this.#onScrape.push(update)
  }

  /** The names of all metrics. */
  get names(): readonly string[] {
    return [...this.#families.values()].map(({ name }) => name)
  }

  /** Formats all metrics as text, in the format that the scraper's `accept` header prefers: Prometheus' or OpenMetrics. */
  text(accept?: string): MetricsText {
    return textOf(this.snapshot(), accept)
  }

  /** Returns all metrics as plain data, which another process can add to its own. */
  snapshot(): readonly FamilySnapshot[] {
    for (const update of this.#onScrape) update()
    return Array.from(this.#families.values(), snapshotOf)
  }

  #metric<Child>(
    type: Definition['type'],
    name: string,
    { help, labels = [], aggregator = 'sum' }: GaugeOptions,
    make: () => Child,
  ): Child | Family<Child> {
    const family = this.#known(type, name, labels) ?? this.#define({ type, name, help, labels, aggregator }, make)
    return (family.labelNames.length === 0 ? family.labels({}) : family) as Child | Family<Child>
  }

  #known(type: Definition['type'], name: string, labels: readonly string[]): Family | undefined {
    const family = this.#families.get(baseName(name))
    if (!family) return undefined
    const { labelNames } = family
    const same = labelNames.length === labels.length && labelNames.every((label, i) => label === labels[i])
    if (family.type === type && family.name === name && same) return family
    const having = labelNames.length === 0 ? 'without labels' : `with the labels ${labelNames.join(', ')}`
    throw new TypeError(`metric ${name}: there is already a ${family.type} ${family.name} ${having}`)
  }

  #define(definition: Definition, make: () => unknown): Family {
    checkDefinition(definition)
    const family: Family = new Family<unknown>(definition, make, this.#onOverflow)
    this.#families.set(baseName(definition.name), family)
    return family
  }
}

/** OpenMetrics removes `_total` from a counter's name, so no other metric may have the rest as its name. */
function baseName(name: string): string {
  return name.endsWith('_total') ? name.slice(0, -6) : name
}
