/** Servers under load without the kernel, see server.mjs, take turns. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onServerCore } from '../cores.mjs'
import { environmentOf } from '../servers.mjs'

export const rounds = 50
export const turnMs = 80
const enoughSlices = 200

/** Starts a peer's server for a work; `options` are Node's. */
export function startServer(bench, peer, work, options = []) {
  const place = bench.placeOf(peer)
  const [, ...args] = peer.command(place)
  const server = fileURLToPath(new URL('server.mjs', import.meta.url))
  const [execPath, ...execArgv] = onServerCore(bench.isPinned, [process.execPath, ...options])
  const env = { ...environmentOf(peer, work, place), SERVICE: 'users', PORT: '0' }
  return fork(server, [...args, work.method, work.path], { execPath, execArgv, env })
}

/**
 * Resolves to the CPU microseconds of a request of each, and ends them. Of the slices of each the cheapest fiftieth counts,
 * for whatever else runs can only add to it.
 */
export async function takeTurns(servers) {
  const contenders = servers.map((server) => ({ server, slices: [] }))
  for (const server of servers) await once(server, 'message')
  for (let round = 0; round < rounds; round++) {
    for (const { server, slices } of contenders) {
      server.send({ ms: turnMs })
      slices.push(...(await once(server, 'message'))[0])
    }
  }
  for (const server of servers) server.disconnect()
  return contenders.map(({ slices }) => cheapest(slices))
}

export function cheapest(slices) {
  if (slices.length < enoughSlices) throw new Error(`only ${slices.length} slices without a rejection`)
  return slices.toSorted((a, b) => a - b)[Math.floor(slices.length / 50)]
}
