/**
 * The regression guard, in under a minute: what a request of tricube costs, everything on, beside Fastify with the same
 * validation and, for `read`, pg's pool.
 *
 *   npm run bench:quick            fails when a ratio is more than 10 % over the recorded one
 *   npm run bench:quick -- --record
 *
 * Only CPU time counts, in many short rounds that take turns; each round is compared with its neighbour, and the median
 * of these ratios is what is judged. quick.json has the recorded ones for each tool that makes the load.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { startBench } from './bench.mjs'
import { tool, warmUp } from './load.mjs'
import { peers } from './peers.mjs'
import { median } from './statistics.mjs'
import { works } from './works.mjs'

const tolerated = 1.1
const rounds = 9
const seconds = 1
const file = new URL('quick.json', import.meta.url)
const { values: options } = parseArgs({ options: { record: { type: 'boolean', default: false } } })

const begun = performance.now()
const recorded = JSON.parse(readFileSync(file, 'utf8'))
const loadedBy = tool.split(' ')[0]
const bench = await startBench(process.execPath)
const found = {}
try {
  for (const name of ['hello', 'read']) found[name] = await compare(works[name])
} finally {
  await bench.stop()
}

for (const [name, { ratio, rounds, own, other }] of Object.entries(found)) {
  const was = recorded[loadedBy]?.[name]
  const isOver = was !== undefined && ratio > was * tolerated
  if (isOver && !options.record) process.exitCode = 1
  console.log(
    `${isOver ? 'FAILED' : 'ok    '} ${name.padEnd(6)} ${ratio.toFixed(2)} of Fastify (recorded ${was ?? 'nothing'}), ` +
      `${own.toFixed(1)} and ${other.toFixed(1)} µs CPU a request, ${rounds} rounds`,
  )
}
if (options.record) {
  recorded[loadedBy] = Object.fromEntries(
    Object.entries(found).map(([name, { ratio }]) => [name, Number(ratio.toFixed(2))]),
  )
  writeFileSync(file, `${JSON.stringify(recorded, undefined, 2)}\n`)
}
console.log(`${loadedBy}, node ${process.version}, ${((performance.now() - begun) / 1000).toFixed(0)} s`)

async function compare(work) {
  const [own, other] = await Promise.all(
    ['tricube', 'fastify'].map((name) =>
      bench.start(
        peers.find((peer) => peer.name === name),
        work,
      ),
    ),
  )
  const ratios = []
  const cost = { own: [], other: [] }
  try {
    for (const server of [own, other]) await warmUp(server.url, work, seconds)
    for (let round = 0; round < rounds; round++) {
      // Who is first changes, so that a machine that gets slower or faster favours neither.
      const measured = {}
      for (const who of round % 2 ? ['own', 'other'] : ['other', 'own']) {
        measured[who] = (await bench.round(who === 'own' ? own : other, work, seconds)).cpuUs
        cost[who].push(measured[who])
      }
      ratios.push(measured.own / measured.other)
    }
  } finally {
    await Promise.all([own.stop(), other.stop()])
  }
  return { ratio: median(ratios), rounds: ratios.length, own: median(cost.own), other: median(cost.other) }
}
