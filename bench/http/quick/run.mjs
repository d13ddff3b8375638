/**
 * The guard against regressions, in under a minute: what a request of tricube costs, everything on, beside Fastify with the
 * same validation and, for `read`, pg's pool.
 *
 *   npm run bench:quick            fails when a ratio is more than 10 % over the recorded one
 *   npm run bench:quick -- --record
 *
 * It has to say the same on a machine that does other things as well: see server.mjs and turns.mjs.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { startBench } from '../bench.mjs'
import { peers } from '../peers.mjs'
import { works } from '../works.mjs'
import { startServer, takeTurns } from './turns.mjs'

const tolerated = 1.1
const file = new URL('recorded.json', import.meta.url)
const { values: options } = parseArgs({ options: { record: { type: 'boolean', default: false } } })

const begun = performance.now()
const recorded = JSON.parse(readFileSync(file, 'utf8'))
const found = {}
const bench = await startBench(process.execPath)
try {
  for (const name of ['hello', 'read']) {
    found[name] = await compare(works[name])
    report(name, found[name])
  }
} finally {
  await bench.stop()
}
if (options.record) writeFileSync(file, `${JSON.stringify(found, undefined, 2)}\n`)
console.log(`node ${process.version}, ${((performance.now() - begun) / 1000).toFixed(0)} s`)

/** Tricube's cost as a multiple of Fastify's. */
async function compare(work) {
  const contenders = ['tricube', 'fastify'].map((name) => peers.find((peer) => peer.name === name))
  const [own, other] = await takeTurns(contenders.map((peer) => startServer(bench, peer, work)))
  return Number((own / other).toFixed(2))
}

function report(name, ratio) {
  const isOver = !options.record && ratio > recorded[name] * tolerated
  if (isOver) process.exitCode = 1
  console.log(
    `${isOver ? 'FAILED' : 'ok    '} ${name.padEnd(5)} ${ratio.toFixed(2)} × Fastify (recorded ${recorded[name]})`,
  )
}
