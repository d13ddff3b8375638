import type { Exemplar } from './histogram.ts'
import type { Aggregator } from './names.ts'
import type { FamilySnapshot, HistogramSnapshot, Sample } from './snapshot.ts'

/**
 * Merges the metrics of processes into one set: counters and histograms are added, gauges follow their aggregator.
 *
 * Two releases may disagree on the definition of a metric during a reload. The first definition wins.
 */
export function addUp(processes: Iterable<readonly FamilySnapshot[]>): readonly FamilySnapshot[] {
  const sums = new Map<string, { readonly family: FamilySnapshot; readonly samples: Map<string, Sample[1]> }>()
  for (const families of processes) {
    for (const family of families) {
      const known = sums.get(family.name)
      if (!known) sums.set(family.name, { family, samples: new Map(family.samples) })
      else if (known.family.type === family.type) addSamples(known.samples, family.samples, known.family.aggregator)
    }
  }
  return Array.from(sums.values(), ({ family, samples }) => ({ ...family, samples: [...samples] }))
}

/** Returns what remains of a process that has ended: its counters, because a total must not fall. */
export function countsOf(families: readonly FamilySnapshot[]): readonly FamilySnapshot[] {
  return families.filter(({ type }) => type !== 'gauge')
}

function addSamples(sums: Map<string, Sample[1]>, samples: readonly Sample[], aggregator: Aggregator): void {
  for (const [labels, value] of samples) {
    const sum = sums.get(labels)
    if (sum === undefined) sums.set(labels, value)
    else if (typeof sum === 'number' && typeof value === 'number') sums.set(labels, combine[aggregator](sum, value))
    else if (typeof sum === 'object' && typeof value === 'object') sums.set(labels, addHistograms(sum, value))
  }
}

const combine: Readonly<Record<Aggregator, (a: number, b: number) => number>> = {
  sum: (a, b) => a + b,
  max: Math.max,
  min: Math.min,
}

function addHistograms(a: HistogramSnapshot, b: HistogramSnapshot): HistogramSnapshot {
  if (a.bounds.length !== b.bounds.length || a.bounds.some((bound, i) => bound !== b.bounds[i])) return a
  return {
    bounds: a.bounds,
    counts: a.counts.map((count, i) => count + b.counts[i]!),
    exemplars: a.counts.map((_, i) => newest(a.exemplars[i], b.exemplars[i])),
    sum: a.sum + b.sum,
  }
}

function newest(a: Exemplar | undefined, b: Exemplar | undefined): Exemplar | undefined {
  return a && b ? (a.at >= b.at ? a : b) : (a ?? b)
}
