// Calls that share connections: one that sleeps must not hold up those behind it.
import { failed, load, milliseconds, percentile } from '../lib/load.mjs'
import { get, rate, withInstances } from '../things/things.mjs'

export const number = 28
export const title = 'a call on a lane sleeps for 1 s'

/** One call of so many sleeps. */
const sleeperOf = 200

export async function run() {
  return withInstances(1, { WORK_MS: '1' }, async ([instance], things) => {
    await load(rate, 5, get(things))
    const usual = neighbours(await load(rate, 15, get(things)))
    instance.tell({ sleeperOf })
    const responses = await load(rate, 15, get(things))
    const beside = neighbours(responses)
    const moved = percentile(beside, 99) - percentile(usual, 99)
    return [
      ['p99 of the short ones is moved by', milliseconds(moved), '10 ms', moved <= 10],
      ['failures', String(failed(responses).length), '0', failed(responses).length === 0],
    ]
  })
}

function neighbours(responses) {
  return responses.filter((_, n) => n % sleeperOf !== 0)
}
