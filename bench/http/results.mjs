/** Writes the results of a run: tables as Markdown, a chart as SVG. */
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { chart } from './chart.mjs'
import { tool } from './load.mjs'
import { versionsOf } from './peers.mjs'
import { table, warnings } from './table.mjs'

/** Resolves to the path of the Markdown. */
export async function writeResults(folder, { results, peers, version, rounds, seconds }) {
  const name = `node${version.slice(1).split('.')[0]}`
  const path = join(folder, `${name}.md`)
  const date = new Date().toISOString().slice(0, 10)
  const disturbed = warnings(results)
  const text = [
    `# What a request costs, Node ${version}`,
    `![CPU time of a request, by work and framework](${name}.svg)`,
    `${date}, ${machine()}, servers on one core, load (${tool}, 64 connections) and PostgreSQL on another. ${rounds} turns ` +
      `of ${seconds} s each, the servers in random order in each round. Costs are the lower quartile, in parentheses ` +
      `the cheapest turn and the middle one; the rest are medians. The last column is tricube's cost divided by the other's. ` +
      `[How it is measured](../README.md).`,
    ...results.map(table),
    '## Versions',
    peers.map((peer) => `- ${peer.title}: ${versionsOf(peer)}`).join('\n'),
    ...(disturbed.length > 0 ? ['## Disturbed', disturbed.map((line) => `- ${line}`).join('\n')] : []),
  ]
  await mkdir(folder, { recursive: true })
  await writeFile(path, `${text.join('\n\n')}\n`)
  await writeFile(join(folder, `${name}.svg`), chart(results, `Node ${version}, ${date}, ${machine()}`))
  return path
}

function machine() {
  const [{ model }] = cpus()
  return `${cpus().length} × ${model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()}`
}
