/** A chart of what a request costs, as SVG: bars for each work, legible on light and dark pages. */
import { costOf } from './statistics.mjs'

const margin = 8
const width = 1000
const columns = 2
const gap = 40
const labelWidth = 215
const valueWidth = 50
const barHeight = 14
const rowHeight = 20
const headHeight = 34

export const style = `
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 14px; font-weight: 600 }
  .faint { fill: #59636e }
  .bar { fill: #8c959f }
  .own { fill: #0969da }
  .range { stroke: #1f2328; stroke-width: 1 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .faint { fill: #9198a1 }
    .bar { fill: #656c76 }
    .own { fill: #4493f8 }
    .range { stroke: #f0f6fc }
  }`

/** Draws the CPU time of each work's peers, the cheapest first; `caption` stands below. */
export function chart(results, caption) {
  const panelWidth = (width - gap * (columns - 1)) / columns
  const drawn = results.filter(({ peers }) => 'cpuUs' in peers[0].turns[0])
  const bottoms = Array.from({ length: columns }, () => 0)
  const panels = drawn.map((result) => {
    const column = bottoms.indexOf(Math.min(...bottoms))
    const x = column * (panelWidth + gap)
    const y = bottoms[column]
    bottoms[column] += headHeight + result.peers.length * rowHeight + 16
    return `<g transform="translate(${x} ${y})">${panel(result, panelWidth)}</g>`
  })
  const height = Math.max(...bottoms) + 24
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${-margin} ${-margin} ${width + 2 * margin} ${height + 2 * margin}" role="img" aria-label="CPU time of a request">
<style>${style}
</style>
${panels.join('\n')}
<text class="faint" x="0" y="${height - 8}">µs of CPU a request, lower is better; the thin line: from the cheapest turn to the middle one. ${escaped(caption)}</text>
</svg>
`
}

function panel({ name, title, peers }, panelWidth) {
  const rows = peers
    .map(({ peer, turns }) => ({ peer, ...costOf(turns.map(({ cpuUs }) => cpuUs)) }))
    .toSorted((a, b) => a.cost - b.cost)
  // Disturbed turns may be far out; the bars shall not shrink for it.
  const longest = Math.max(...rows.map(({ cost }) => cost)) * 1.1
  const scale = (panelWidth - labelWidth - valueWidth) / longest
  return [
    `<text class="title" y="16">${escaped(`${name}: ${title}`)}</text>`,
    ...rows.map((row, i) => bar(row, headHeight + i * rowHeight - 8, scale, longest)),
  ].join('\n')
}

function bar({ peer, cost, least, middle }, y, scale, longest) {
  const own = peer.name.startsWith('tricube')
  const end = labelWidth + cost * scale
  const [from, to] = [least, Math.min(middle, longest)].map((us) => (labelWidth + us * scale).toFixed(1))
  const centre = y + barHeight / 2
  return [
    `<text x="${labelWidth - 6}" y="${y + 11}" text-anchor="end">${escaped(peer.title)}</text>`,
    `<rect class="${own ? 'own' : 'bar'}" x="${labelWidth}" y="${y}" width="${(end - labelWidth).toFixed(1)}" height="${barHeight}" rx="2"/>`,
    `<line class="range" x1="${from}" x2="${to}" y1="${centre}" y2="${centre}"/>`,
    `<text x="${(Math.max(end, Number(to)) + 6).toFixed(1)}" y="${y + 11}">${cost.toFixed(1)}</text>`,
  ].join('')
}

export function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
