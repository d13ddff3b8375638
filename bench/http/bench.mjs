/** What every measurement needs: cores, a database, a collector, and servers whose responses have been checked. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { leaveServerCore } from './cores.mjs'
import { startDatabase } from './database.mjs'
import { load, warmAgain } from './load.mjs'
import { spanDelayMs, startServers } from './servers.mjs'
import { cpuSeconds, residentMiB } from './usage.mjs'
import { checkResponses } from './works.mjs'

/** Longer than spans wait for a batch to fill. */
const settlingMs = 2 * spanDelayMs

/** Starts what the servers need; `node` is the program that runs them. */
export async function startBench(node) {
  const isPinned = leaveServerCore()
  if (!isPinned) console.log('servers and load share all cores: taskset and two cores would part them')
  const folder = await mkdtemp(join(tmpdir(), 'tricube-bench-'))
  const db = await startDatabase()
  const collector = fork(fileURLToPath(new URL('../trace/collector.mjs', import.meta.url)))
  const [{ url: zipkin }] = await once(collector, 'message')
  const placeOf = ({ name }) => ({
    isPinned,
    node,
    databaseUrl: db.url,
    zipkin: `${zipkin}?by=${name}`,
    logFile: join(folder, `${name}.log`),
  })
  const spansOf = async ({ name }) => {
    collector.send('spans')
    return (await once(collector, 'message'))[0][name] ?? 0
  }
  /** What a server puts off until it has nothing else to do belongs to the requests that caused it. */
  const settled = async (peer) => {
    let [before, now] = [-1, await spansOf(peer)]
    while (now !== before) {
      await setTimeout(now > 0 ? settlingMs : 0)
      before = now
      now = await spansOf(peer)
    }
    return now
  }

  return {
    isPinned,
    clear: db.clear,

    /** What a peer has to know of its surroundings. */
    placeOf,

    /** Starts a peer for a work and checks its responses. */
    async start(peer, work) {
      const server = await startServers(peer, work, placeOf(peer))
      try {
        await checkResponses(server.url, work)
      } catch (error) {
        await server.stop()
        throw new Error(`${peer.title}: ${error.message}`)
      }
      return { ...server, peer }
    },

    /**
     * One turn under load: CPU of all of the server's processes, and how fast it responded. It begins when the server is as
     * fast again as it gets: while the others had their turns, V8 has given back memory and forgotten code.
     */
    async turn({ url, pids, peer }, work, seconds) {
      await warmAgain(url, work, seconds)
      const [spansBefore, cpuBefore] = [await settled(peer), cpuSeconds(pids)]
      const { requests, failed, seconds: took, p50Ms, p99Ms } = await load(url, work, seconds)
      const spans = (await settled(peer)) - spansBefore
      return {
        cpuUs: ((cpuSeconds(pids) - cpuBefore) * 1e6) / requests,
        failed,
        perSecond: requests / took,
        p50Ms,
        p99Ms,
        spans: spans / requests,
        residentMiB: residentMiB(pids),
      }
    },

    async stop() {
      collector.disconnect()
      await db.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
