/**
 * What a request costs: tricube beside other frameworks, the same bytes from each. See bench/README.md.
 *
 *   npm run bench -- [--work hello,read] [--peers tricube,fastify] [--rounds 20] [--seconds 1] [--node <path>]
 *
 * A run of everything writes bench/results/node<version>.md and .svg; a part of it only prints. With `--rounds 0` the
 * responses are checked and nothing is measured.
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startBench } from './bench.mjs'
import { warmUp } from './load.mjs'
import { peers, prepare } from './peers.mjs'
import { writeResults } from './results.mjs'
import { measureStarts } from './starts.mjs'
import { disturbance, table, warnings } from './table.mjs'
import { works } from './works.mjs'

const options = readOptions()
const rounds = Number(options.rounds)
const seconds = Number(options.seconds)
/** A process can be lucky or not, in what is compiled and where things lie, for as long as it lives. */
const starts = rounds < 10 ? 1 : 2
/** By how much most peers' middle turns may cost more before a work is measured again. */
const bearable = 0.1
const chosenWorks = chosen(options.work, [...Object.keys(works), 'start'], (name) => name)
const chosenPeers = chosen(options.peers, peers, ({ name }) => name).filter(canTakePart)

const bench = await startBench(options.node)
const results = []
try {
  for (const name of chosenWorks) {
    const result =
      name === 'start' ? await measureStarts(bench, chosenPeers, Math.ceil(rounds / 3)) : await measureCalmly(name)
    if (result) results.push(result)
    await write()
    if (result !== undefined) console.log(result ? `\n${table(result)}` : `${name}: the responses are as expected`)
  }
} finally {
  await bench.stop()
}
for (const line of warnings(results)) console.log(`Warning: ${line}`)

/** The results of a run so far. If it is interrupted, only the rest is lost. */
async function write() {
  const isWhole =
    rounds > 0 && chosenWorks.length === Object.keys(works).length + 1 && chosenPeers.length === peers.length
  if (!isWhole) return
  const version = execFileSync(options.node, ['--version'], { encoding: 'utf8' }).trim()
  const folder = fileURLToPath(new URL('../results/', import.meta.url))
  console.log(`\nwritten: ${await writeResults(folder, { results, peers: chosenPeers, version, rounds, seconds })}`)
}

/** Once more when the machine was busy meanwhile, for all peers: the calmer of both counts. */
async function measureCalmly(name) {
  const first = await measure(name)
  if (!first || disturbance(first) <= bearable) return first
  console.log(`${name}: the machine was busy; once more`)
  const second = await measure(name)
  return disturbance(second) < disturbance(first) ? second : first
}

/** One that fails is left out, and it says so. */
async function measure(name) {
  const work = works[name]
  const turnsOf = new Map(chosenPeers.map((peer) => [peer, []]))
  const leaveOut = (peer, error) => {
    console.log(`${name} without ${peer.title}: ${error.message}`)
    process.exitCode = 1
    turnsOf.delete(peer)
  }
  for (let start = 0; start < starts; start++) await takeTurns(work, turnsOf, Math.ceil(rounds / starts), leaveOut)
  if (turnsOf.size === 0) return undefined
  return rounds > 0 && { name, title: work.title, peers: Array.from(turnsOf, ([peer, turns]) => ({ peer, turns })) }
}

/** All servers of a work are up at the same time and take turns. */
async function takeTurns(work, turnsOf, most, leaveOut) {
  const running = new Map()
  const attempt = async (peer, what) => {
    try {
      await what()
    } catch (error) {
      leaveOut(peer, error)
      await running.get(peer)?.stop()
      running.delete(peer)
    }
  }
  try {
    for (const peer of [...turnsOf.keys()])
      await attempt(peer, async () => running.set(peer, await bench.start(peer, work)))
    if (most === 0) return
    for (const [peer, { url }] of running) await attempt(peer, () => warmUp(url, work, seconds))
    for (let round = 0; round < most; round++) {
      for (const [peer, server] of shuffled(running))
        await attempt(peer, async () => turnsOf.get(peer).push(await bench.turn(server, work, seconds)))
      await bench.clear()
    }
  } finally {
    for (const server of running.values()) await server.stop()
  }
}

/** So that nobody always comes after the same one, nor together with something else that happens now and then. */
function shuffled(all) {
  return Array.from(all, (one) => [Math.random(), one])
    .toSorted(([a], [b]) => a - b)
    .map(([, one]) => one)
}

function canTakePart(peer) {
  const reason = prepare(peer)
  if (reason) console.log(`without ${peer.title}: ${reason}`)
  return reason === undefined
}

function readOptions() {
  try {
    return parseArgs({
      options: {
        work: { type: 'string', default: [...Object.keys(works), 'start'].join() },
        peers: { type: 'string', default: peers.map(({ name }) => name).join() },
        rounds: { type: 'string', default: '20' },
        seconds: { type: 'string', default: '1' },
        node: { type: 'string', default: process.execPath },
      },
    }).values
  } catch (error) {
    return fail(error.message)
  }
}

function chosen(text, all, nameOf) {
  return text.split(',').map((name) => {
    const found = all.find((one) => nameOf(one) === name)
    return found ?? fail(`there is no "${name}", but ${all.map(nameOf).join(', ')}`)
  })
}

function fail(reason) {
  console.error(
    `${reason}\nnpm run bench -- [--work <names>] [--peers <names>] [--rounds 20] [--seconds 1] [--node <path>]`,
  )
  process.exit(2)
}
