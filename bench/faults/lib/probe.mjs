// Loaded into a process under test with `--expose-gc --import`: reports on request what it still references.
import { readdirSync } from 'node:fs'

process.on('message', (message) => {
  if (message !== 'measure') return
  globalThis.gc()
  globalThis.gc() // what the first one has only made unreachable
  const { heapUsed, external, rss } = process.memoryUsage()
  process.send({ heldBytes: heapUsed + external, rssBytes: rss, descriptors: readdirSync('/dev/fd').length })
})
