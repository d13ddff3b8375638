import { load } from '../lib/load.mjs'
import { connect, get, startInstance } from '../things/things.mjs'

export const number = 7
export const title = 'all responses are 503'

export async function run() {
  return [
    ['calls that one service gets for each', ...amplification(await attempts(1))],
    ['calls that the last of a chain of three gets for each', ...amplification(await attempts(3))],
  ]
}

const amplification = (ratio) => [ratio.toFixed(3), '1.1', ratio <= 1.1]

/** How often the last of a chain is called for each call of the first. */
async function attempts(length) {
  const last = await startInstance()
  const all = [last]
  while (all.length < length) {
    all.unshift(await startInstance({ CALLS_NEXT: 'yes', TRICUBE_SERVICES: `thing-service=${all[0].address}` }))
  }
  const things = connect([all[0]])
  last.tell({ unavailable: true })
  const calls = await load(200, 15, get(things))
  for (const instance of all) await instance.kill()
  await things[Symbol.asyncDispose]()
  return last.ran.length / calls.length
}
