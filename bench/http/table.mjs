/** Results as Markdown. */
import { median, spread } from './statistics.mjs'

/** A round that is this far from the median of its rounds was disturbed. */
const tolerated = 0.2

const columns = [
  ['cpuUs', 'µs CPU a request', 1],
  ['perSecond', 'requests a second', 0],
  ['p50Ms', 'p50, ms', 2],
  ['p99Ms', 'p99, ms', 2],
  ['residentMiB', 'MiB', 0],
  ['spans', 'spans a request', 1],
  ['startMs', 'ms to the first answer', 0],
  ['startedMiB', 'MiB then', 0],
  ['loadedMiB', 'MiB after 3 s of load', 0],
]

/** A table of one work: medians, with least and most; the last column is the cost beside tricube's. */
export function table({ name, title, peers }) {
  const shown = columns.filter(([key]) => key in peers[0].rounds[0])
  const compared = shown[0][0]
  const own = peers.find(({ peer }) => peer.name === 'tricube')
  const rows = peers.map(({ peer, rounds }) => [
    peer.title,
    ...shown.map(([key, , digits]) => cell(rounds, key, digits)),
    own ? ratio(own.rounds, rounds, compared).toFixed(2) : '',
  ])
  const head = ['', ...shown.map(([, heading]) => heading), 'tricube / it']
  return [
    `### ${name}: ${title}`,
    '',
    line(head),
    line(head.map((_, i) => (i === 0 ? '---' : '---:'))),
    ...rows.map(line),
  ].join('\n')
}

/** One line for each round that something else has disturbed, or in which requests failed. */
export function warnings(results) {
  return results.flatMap(({ name, peers }) =>
    peers.flatMap(({ peer, rounds }) => {
      const key = 'cpuUs' in rounds[0] ? 'cpuUs' : 'startMs'
      const middle = median(rounds.map((round) => round[key]))
      return rounds.flatMap((round, i) => {
        const where = `Warning: ${name}, ${peer.title}, round ${i + 1}`
        const off = round[key] / middle - 1
        const percent = `${off > 0 ? '+' : ''}${Math.round(off * 100)} %`
        return [
          ...(Math.abs(off) > tolerated ? [`${where} is ${percent} off the median.`] : []),
          ...(round.failed > 0 ? [`${where}: ${round.failed} requests failed.`] : []),
        ]
      })
    }),
  )
}

/** The median of the ratios round by round: what slows the machine for a while slows both. */
export function ratio(own, others, key) {
  return median(own.map((round, i) => round[key] / others[i][key]))
}

function cell(rounds, key, digits) {
  const { median, min, max } = spread(rounds.map((round) => round[key]))
  const text = (number) => number.toFixed(digits)
  return min === max ? text(median) : `**${text(median)}** (${text(min)}–${text(max)})`
}

function line(cells) {
  return `| ${cells.join(' | ')} |`
}
