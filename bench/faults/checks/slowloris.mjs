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
/** The service looks for them ten times a second. */
const lookMs = 100
const attacker = fileURLToPath(new URL('../http/attack.mjs', import.meta.url))

export function run() {
  return withService(async (service) => {
    const rounds = []
    // What other processes take of the CPU harms one attack; what the service does wrong harms each.
    do rounds.push(await attacked(service))
    while (rounds.length < 3 && !holds(rounds.at(-1)))
    const { longestMs, boundMs, p99, usualMs, failures } = rounds.at(-1)
    return [
      ['the last is closed after', milliseconds(longestMs), milliseconds(boundMs), longestMs <= boundMs],
      ['honest p99 meanwhile', milliseconds(p99), `${milliseconds(usualMs)} + 20 ms`, p99 <= usualMs + 20],
      ['honest failures', `${failures}`, '0', failures === 0],
    ]
  })
}

const holds = ({ longestMs, boundMs, p99, usualMs }) => longestMs <= boundMs && p99 <= usualMs + 20

async function attacked({ port, caller }) {
  const honest = (seconds) => load(rate, seconds, () => succeeding(caller.send('GET', '/things/1')))
  const lateness = async () => (await caller.send('GET', '/state')).body.data.lateMs
  const attacking = fork(attacker, [String(port), '1000'])
  await once(attacking, 'message') // it is there
  await honest(3)
  const before = percentile(await honest(10), 99)
  await lateness()
  const attack = once(attacking, 'message')
  attacking.send('go')
  const meanwhile = await honest(17)
  const [{ longestMs, lateMs }] = await attack
  const boundMs = headerMs + lookMs + lateMs + (await lateness())
  const usualMs = Math.max(before, percentile(await honest(10), 99)) // as busy as the machine is with other things
  return { longestMs, boundMs, p99: percentile(meanwhile, 99), usualMs, failures: failed(meanwhile).length }
}
