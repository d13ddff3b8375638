import { canonicalFloat, escapeHelp, escapeValue, numberText } from './format.ts'
import type { Exemplar } from './histogram.ts'
import type { FamilySnapshot, HistogramSnapshot } from './snapshot.ts'

/** The differences between the two text formats. */
export interface TextFormat {
  readonly contentType: string
  /** The name in a family's own lines; OpenMetrics gives `_total` only to the samples. */
  readonly familyName: (family: FamilySnapshot) => string
  readonly help: (text: string) => string
  readonly bound: (bound: number) => string
  readonly exemplar: (exemplar: Exemplar | undefined) => string
  readonly end: string
}

/** https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format */
export const prometheus: TextFormat = {
  contentType: 'text/plain; version=0.0.4; charset=utf-8',
  familyName: ({ name }) => name,
  help: escapeHelp,
  bound: numberText,
  exemplar: () => '',
  end: '',
}

/** https://prometheus.io/docs/specs/om/open_metrics_spec/ */
export const openMetrics: TextFormat = {
  contentType: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  familyName: ({ type, name }) => (type === 'counter' ? name.replace(/_total$/, '') : name),
  help: escapeValue,
  bound: canonicalFloat,
  exemplar: (exemplar) =>
    exemplar
      ? ` # {trace_id="${escapeValue(exemplar.traceId)}"} ${numberText(exemplar.value)} ${(exemplar.at / 1000).toFixed(3)}`
      : '',
  end: '# EOF\n',
}

/** Formats all metrics as text. */
export function expose(families: Iterable<FamilySnapshot>, format: TextFormat): string {
  let text = ''
  for (const family of families) {
    const name = format.familyName(family)
    text += `# HELP ${name} ${format.help(family.help)}\n# TYPE ${name} ${family.type}\n`
    for (const [labels, value] of family.samples) text += samples(family.name, labels, value, format)
  }
  return text + format.end
}

function samples(name: string, labels: string, value: number | HistogramSnapshot, format: TextFormat): string {
  if (typeof value === 'object') return histogramSamples(name, labels, value, format)
  return `${name}${braced(labels)} ${numberText(value)}\n`
}

/** Each bucket also counts the values of those below it. */
function histogramSamples(
  name: string,
  labels: string,
  { bounds, counts, exemplars, sum }: HistogramSnapshot,
  format: TextFormat,
): string {
  const before = labels === '' ? '' : `${labels},`
  let text = ''
  let total = 0
  for (const [i, count] of counts.entries()) {
    total += count
    const bound = i < bounds.length ? format.bound(bounds[i]!) : '+Inf'
    text += `${name}_bucket{${before}le="${bound}"} ${total}${format.exemplar(exemplars[i])}\n`
  }
  return `${text}${name}_sum${braced(labels)} ${numberText(sum)}\n${name}_count${braced(labels)} ${total}\n`
}

function braced(labels: string): string {
  return labels === '' ? '' : `{${labels}}`
}
