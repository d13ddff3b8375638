import type { Counter } from './counter.ts'
import type { Family } from './family.ts'
import type { Gauge } from './gauge.ts'
import { Histogram, type Exemplar } from './histogram.ts'
import type { Aggregator, Definition } from './names.ts'

/** A metric at one moment, as plain data that can be sent to another process. */
export interface FamilySnapshot {
  readonly type: Definition['type']
  readonly name: string
  readonly help: string
  readonly aggregator: Aggregator
  readonly samples: readonly Sample[]
}

/** A value with its labels in the text formats. */
export type Sample = readonly [labels: string, value: number | HistogramSnapshot]

/** A histogram at one moment; `counts` has one more entry than `bounds`, for values above all of them. */
export interface HistogramSnapshot {
  readonly bounds: readonly number[]
  readonly counts: readonly number[]
  readonly exemplars: readonly (Exemplar | undefined)[]
  readonly sum: number
}

/** Copies the current state of a metric. */
export function snapshotOf({ type, name, help, aggregator, children }: Family): FamilySnapshot {
  return { type, name, help, aggregator, samples: Array.from(children, sampleOf) }
}

function sampleOf([labels, child]: readonly [labels: string, child: unknown]): Sample {
  if (!(child instanceof Histogram)) return [labels, (child as Counter | Gauge).value]
  const { bounds, counts, exemplars, sum } = child
  return [labels, { bounds, counts: [...counts], exemplars: [...exemplars], sum }]
}
