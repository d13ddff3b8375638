/**
 * Draws the small chart of the README from a table in results/: what one request with one SELECT costs.
 *
 *   node bench/http/summary.mjs
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { escaped, style } from './chart.mjs'

const results = new URL('../results/', import.meta.url)
const shown = ['tricube, everything on', 'Fastify', 'Moleculer', 'NestJS, Drizzle, OpenTelemetry', 'Go net/http, pgx']
const page = readFileSync(new URL('node20.md', results), 'utf8')
const section = /^### read:.*?(?=^### )/ms.exec(page)[0]
const costs = shown
  .map((name) => ({ name, cost: Number(new RegExp(`^\\| ${name} \\| \\*\\*([\\d.]+)`, 'm').exec(section)[1]) }))
  .toSorted((a, b) => a.cost - b.cost)

const labelWidth = 220
const width = 640
const rowHeight = 24
const scale = (width - labelWidth - 70) / Math.max(...costs.map(({ cost }) => cost))
const bars = costs.map(({ name, cost }, row) => {
  const y = row * rowHeight
  const isOwn = name.startsWith('tricube')
  return `<text x="${labelWidth - 10}" y="${y + 14}" text-anchor="end">${escaped(name)}</text>
<rect class="${isOwn ? 'own' : 'bar'}" x="${labelWidth}" y="${y + 2}" width="${(cost * scale).toFixed(1)}" height="16" rx="2"/>
<text x="${(labelWidth + cost * scale + 6).toFixed(1)}" y="${y + 14}">${cost.toFixed(0)} µs</text>`
})
const height = costs.length * rowHeight + 22
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-label="CPU time of a request with one SELECT">
<style>${style}
</style>
${bars.join('\n')}
<text class="faint" x="${labelWidth}" y="${height - 4}">µs of CPU per request, lower is better. Node 20.</text>
</svg>
`
writeFileSync(new URL('summary.svg', results), svg)
