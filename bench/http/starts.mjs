/** How long a server without a database takes from the start of its process to its first response, and its memory. */
import { load } from './load.mjs'
import { residentMiB } from './usage.mjs'
import { works } from './works.mjs'

const loadSeconds = 3

export async function measureStarts(bench, peers, rounds) {
  const found = peers.map((peer) => ({ peer, turns: [] }))
  for (let round = 0; round < rounds; round++) {
    for (const { peer, turns } of found) {
      const { url, pids, startMs, stop } = await bench.start(peer, works.hello)
      try {
        const startedMiB = residentMiB(pids)
        await load(url, works.hello, loadSeconds)
        turns.push({ startMs, startedMiB, loadedMiB: residentMiB(pids) })
      } finally {
        await stop()
      }
    }
  }
  return rounds === 0 ? undefined : { name: 'start', title: 'start without a database', peers: found }
}
