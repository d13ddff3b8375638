/** How long a server without a database takes from the start of its process to its first answer, and its memory. */
import { residentMiB } from './usage.mjs'
import { works } from './works.mjs'

const loadedMs = 3000

export async function measureStarts(bench, peers, rounds) {
  const found = peers.map((peer) => ({ peer, turns: [] }))
  for (let round = 0; round < rounds; round++) {
    for (const { peer, turns } of found) {
      const { load, pids, startMs, stop } = await bench.start(peer, works.hello)
      try {
        const startedMiB = residentMiB(pids)
        for (const end = performance.now() + loadedMs; performance.now() < end;) await load.ask(1000)
        turns.push({ startMs, startedMiB, loadedMiB: residentMiB(pids) })
      } finally {
        await stop()
      }
    }
  }
  return rounds === 0 ? undefined : { name: 'start', title: 'start without a database', peers: found }
}
