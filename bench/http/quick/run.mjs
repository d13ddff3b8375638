/**
 * The guard against regressions, in under a minute: what a request of tricube costs, everything on, beside Fastify with the
 * same validation and, for `read`, pg's pool.
 *
 *   npm run bench:quick            fails when a ratio is more than 10 % over the recorded one
 *   npm run bench:quick -- --record
 *
 * It has to say the same on a machine that does other things as well: see server.mjs. The servers take turns, and of
 * the slices of each the cheapest fiftieth counts, for whatever else runs can only add to it.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startBench } from '../bench.mjs'
import { onServerCore } from '../cores.mjs'
import { peers } from '../peers.mjs'
import { environmentOf } from '../servers.mjs'
import { works } from '../works.mjs'

const tolerated = 1.1
const rounds = 50
const turnMs = 80
const enoughSlices = 200
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
  const contenders = ['tricube', 'fastify'].map((name) => ({ server: start(name, work), slices: [] }))
  for (const { server } of contenders) await once(server, 'message')
  for (let round = 0; round < rounds; round++) {
    for (const { server, slices } of contenders) {
      server.send({ ms: turnMs })
      slices.push(...(await once(server, 'message'))[0])
    }
  }
  for (const { server } of contenders) server.disconnect()
  const [own, other] = contenders.map(({ slices }) => cheapest(slices))
  return Number((own / other).toFixed(2))
}

function start(name, work) {
  const peer = peers.find((one) => one.name === name)
  const place = bench.placeOf(peer)
  const [, ...args] = peer.command(place)
  const server = fileURLToPath(new URL('server.mjs', import.meta.url))
  const [execPath, ...execArgv] = onServerCore(bench.isPinned, [process.execPath])
  const env = { ...environmentOf(peer, work, place), SERVICE: 'users', PORT: '0' }
  return fork(server, [...args, work.method, work.path], { execPath, execArgv, env })
}

function cheapest(slices) {
  if (slices.length < enoughSlices) throw new Error(`only ${slices.length} slices without a refusal`)
  return slices.toSorted((a, b) => a - b)[Math.floor(slices.length / 50)]
}

function report(name, ratio) {
  const isOver = !options.record && ratio > recorded[name] * tolerated
  if (isOver) process.exitCode = 1
  console.log(
    `${isOver ? 'FAILED' : 'ok    '} ${name.padEnd(5)} ${ratio.toFixed(2)} × Fastify (recorded ${recorded[name]})`,
  )
}
