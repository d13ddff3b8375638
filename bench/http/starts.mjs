/** How long a server without a database takes from the start of its process to its first answer, and its memory. */
import { load } from './load.mjs'
import { residentMiB } from './usage.mjs'
import { works } from './works.mjs'

const loadSeconds = 3

export async function measureStarts(bench, peers, rounds) {
  const found = peers.map((peer) => ({ peer, rounds: [] }))
  for (let round = 0; round < rounds; round++) {
    for (const { peer, rounds } of found) {
      const server = await bench.start(peer, works.hello)
      try {
        const startedMiB = residentMiB(server.pids)
        await load(server.url, works.hello, loadSeconds)
        rounds.push({ startMs: server.startMs, startedMiB, loadedMiB: residentMiB(server.pids) })
      } finally {
        await server.stop()
      }
    }
  }
  return { name: 'start', title: 'start without a database', peers: found }
}
