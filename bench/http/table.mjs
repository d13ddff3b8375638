/** Results as Markdown. */
import { costOf, median } from './statistics.mjs'

/** When the middle turn costs so much more than the quartile, the machine was busy. */
const tolerated = 0.1

const columns = [
  ['cpuUs', 'µs CPU a request', 1],
  ['perSecond', 'requests a second', 0],
  ['p50Ms', 'p50, ms', 2],
  ['p99Ms', 'p99, ms', 2],
  ['residentMiB', 'MiB', 0],
  ['spans', 'spans a request', 1],
  ['startMs', 'ms to the first response', 0],
  ['startedMiB', 'MiB then', 0],
  ['loadedMiB', 'MiB after 3 s of load', 0],
]

/** A table of one work; the last column is tricube's cost as a multiple of the peer's. */
export function table({ name, title, peers }) {
  const [compared, ...others] = columns.filter(([key]) => key in peers[0].turns[0])
  const own = peers.find(({ peer }) => peer.name === 'tricube')
  const rows = peers.map(({ peer, turns }) => [
    peer.title,
    costCell(turns, compared),
    ...others.map(([key, , digits]) => median(of(turns, key)).toFixed(digits)),
    own ? ratio(own.turns, turns, compared[0]).toFixed(2) : '',
  ])
  const head = ['', ...[compared, ...others].map(([, heading]) => heading), 'tricube / it']
  return [
    `### ${name}: ${title}`,
    '',
    line(head),
    line(head.map((_, i) => (i === 0 ? '---' : '---:'))),
    ...rows.map(line),
  ].join('\n')
}

/** Notes on how it was measured: whether the machine was busy, and which peers rejected requests. */
export function warnings(results) {
  return results.flatMap(({ name, peers }) => {
    const most = Math.max(...excesses(peers))
    const rejecting = peers.flatMap(({ peer, turns }) => {
      const failed = turns.reduce((sum, turn) => sum + (turn.failed ?? 0), 0)
      return failed > 0 ? [`${name}, ${peer.title}: ${failed} requests failed.`] : []
    })
    if (most <= tolerated) return rejecting
    return [`${name}: the machine was busy; middle turns cost up to ${Math.round(most * 100)} % more.`, ...rejecting]
  })
}

/** How busy the machine was: by what part middle turns cost more. Of half the peers, for some vary by themselves. */
export function disturbance({ peers }) {
  return median(excesses(peers))
}

function excesses(peers) {
  const costs = peers.map(({ turns }) => costOf(of(turns, 'cpuUs' in turns[0] ? 'cpuUs' : 'startMs')))
  return costs.map(({ cost, middle }) => middle / cost - 1)
}

function ratio(own, others, key) {
  return costOf(of(own, key)).cost / costOf(of(others, key)).cost
}

function costCell(turns, [key, , digits]) {
  const { cost, least, middle } = costOf(of(turns, key))
  return `**${cost.toFixed(digits)}** (${least.toFixed(digits)}–${middle.toFixed(digits)})`
}

function of(turns, key) {
  return turns.map((turn) => turn[key])
}

function line(cells) {
  return `| ${cells.join(' | ')} |`
}
