import { succeeding } from '../lib/caller.mjs'
import { failed, load, milliseconds, percentile } from '../lib/load.mjs'
import { closedAfter, withService } from '../http/sockets.mjs'

export const number = 17
export const title = '1,000 slowloris connections'

const rate = 100
const headerMs = 10_000
/** Node looks twice a second, and this process has to hear of it. */
const lookMs = 1500

export function run() {
  return withService(async ({ port, caller }) => {
    const honest = (seconds) => load(rate, seconds, () => succeeding(caller.send('GET', '/things/1')))
    await honest(3)
    const before = percentile(await honest(10), 99)
    const attack = Promise.all(Array.from({ length: 1000 }, () => closedAfter(port, trickle)))
    const meanwhile = await honest(13)
    const closed = await attack
    const after = percentile(await honest(10), 99)
    const usual = Math.max(before, after) // as busy as the machine is with other things
    const longest = Math.max(...closed)
    const p99 = percentile(meanwhile, 99)
    return [
      [
        'the last is closed after',
        milliseconds(longest),
        milliseconds(headerMs + lookMs),
        longest <= headerMs + lookMs,
      ],
      ['honest p99 meanwhile', milliseconds(p99), `${milliseconds(usual)} + 20 ms`, p99 <= usual + 20],
      ['honest failures', `${failed(meanwhile).length}`, '0', failed(meanwhile).length === 0],
    ]
  })
}

/** A header that never ends, a byte a second. */
function trickle(socket) {
  socket.write('GET /things/1 HTTP/1.1\r\nHost: a\r\nX-Slow: ')
  const timer = setInterval(() => socket.write('a'), 1000)
  socket.on('close', () => clearInterval(timer))
}
