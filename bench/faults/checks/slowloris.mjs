import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { succeeding } from '../lib/caller.mjs'
import { failed, load, milliseconds, percentile } from '../lib/load.mjs'
import { withService } from '../http/sockets.mjs'

export const number = 17
export const title = '1,000 slowloris connections'

const rate = 100
const headerMs = 10_000
/** Node looks for them twice a second. */
const lookMs = 500
const attacker = fileURLToPath(new URL('../http/attack.mjs', import.meta.url))

export function run() {
  return withService(async ({ port, caller }) => {
    const honest = (seconds) => load(rate, seconds, () => succeeding(caller.send('GET', '/things/1')))
    await honest(3)
    const before = percentile(await honest(10), 99)
    const lateness = async () => (await caller.send('GET', '/state')).body.data.lateMs
    await lateness()
    const attack = once(fork(attacker, [String(port), '1000']), 'message')
    const meanwhile = await honest(14)
    const [{ longestMs, lateMs }] = await attack
    const busyMs = lateMs + (await lateness())
    const after = percentile(await honest(10), 99)
    const usual = Math.max(before, after) // as busy as the machine is with other things
    const p99 = percentile(meanwhile, 99)
    const boundMs = headerMs + lookMs + busyMs
    return [
      ['the last is closed after', milliseconds(longestMs), milliseconds(boundMs), longestMs <= boundMs],
      ['honest p99 meanwhile', milliseconds(p99), `${milliseconds(usual)} + 20 ms`, p99 <= usual + 20],
      ['honest failures', `${failed(meanwhile).length}`, '0', failed(meanwhile).length === 0],
    ]
  })
}
