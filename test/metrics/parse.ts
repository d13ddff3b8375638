/** A sample as a scraper reads it. */
export interface Sample {
  name: string
  labels: Record<string, string>
  value: number
  exemplar?: { labels: Record<string, string>; value: number; at: number }
}

/** What a scraper makes of a text: a reader of its own, so that it shares no mistake with the writer. */
export function parse(text: string): {
  samples: Sample[]
  help: Record<string, string>
  types: Record<string, string>
} {
  const samples: Sample[] = []
  const help: Record<string, string> = {}
  const types: Record<string, string> = {}
  for (const line of text.split('\n')) {
    const [, keyword, name, rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? []
    if (keyword === 'HELP') help[name!] = unescape(rest)
    if (keyword === 'TYPE') types[name!] = rest
    if (line !== '' && !line.startsWith('#')) samples.push(parseSample(line))
  }
  return { samples, help, types }
}

function parseSample(line: string): Sample {
  const match = /^([a-z_][a-z0-9_]*)(?:\{((?:[^"{}]|"(?:[^"\\]|\\.)*")*)\})? (\S+)(?: # \{(.*)\} (\S+) (\S+))?$/i.exec(
    line,
  )
  if (!match) throw new Error(`no sample: ${line}`)
  const [, name, labels = '', value, exemplar, exemplarValue, at] = match
  return {
    name: name!,
    labels: parseLabels(labels),
    value: number(value!),
    ...(exemplar !== undefined && {
      exemplar: { labels: parseLabels(exemplar), value: number(exemplarValue!), at: number(at!) },
    }),
  }
}

function parseLabels(text: string): Record<string, string> {
  const pairs = text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"(?:,|$)/gs)
  const labels = Object.fromEntries([...pairs].map(([, name, value]) => [name!, unescape(value!)]))
  return labels
}

function number(text: string): number {
  return text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text)
}

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character))
}
