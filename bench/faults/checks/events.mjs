// Events under kill -9, cut networks and frozen processes: the books of both services agree.
import { audit, isSettled, leftovers } from '../events/audit.mjs'
import { accounts, startSystem } from '../events/system.mjs'
import { callerOf, succeeding } from '../lib/caller.mjs'
import { after, failed, load, milliseconds } from '../lib/load.mjs'

export const number = 24
export const title = 'Events and jobs while everything is killed'

/** Payments a second. */
const rate = 40
const settledWithinSeconds = 60

/** Measures both transports in turn, or the one that is named. */
export async function run({ full, minutes = full ? 5 : 1, transport }) {
  const rows = []
  for (const one of transport ? [transport] : ['feed', 'nats']) rows.push(...(await over(one, minutes)))
  return rows
}

async function over(transport, minutes) {
  const system = await startSystem(transport)
  try {
    const seconds = Math.max(10, Math.round(minutes * 60))
    const happened = new Map()
    const payments = load(rate, seconds, pay(system.publisher.instances))
    await hurt(system.faults, seconds - 5, happened)
    const responses = await payments
    const endedAt = performance.now()
    while (!(await isSettled(system)) && performance.now() - endedAt < settledWithinSeconds * 1000) await after(500)
    const settledMs = performance.now() - endedAt
    if (settledMs >= settledWithinSeconds * 1000) console.error(await leftovers(system))
    for (const [fault, count] of happened) console.error(`${count} × ${fault}`)
    return rowsOf(await audit(system), responses, settledMs, happened, transport)
  } finally {
    await system.close()
  }
}

function rowsOf(books, responses, settledMs, happened, transport) {
  const { committed, difference, events, receipts, outOfOrder, dead, late } = books
  const faults = [...happened.values()].reduce((sum, count) => sum + count, 0)
  const acknowledged = responses.length - failed(responses).length
  const none = (what, count) => [what, String(count), '0', count === 0]
  return [
    [`${transport}: faults`, String(faults), 'some', faults > 0],
    [
      `payments committed, of ${responses.length}`,
      String(committed),
      `${acknowledged} acknowledged`,
      committed >= acknowledged,
    ],
    none('difference between the books', difference),
    none('events lost', events.lost),
    none('events handled twice', events.doubled),
    none('events before an earlier one of their account', outOfOrder),
    none('jobs lost', receipts.lost),
    none('jobs done twice', receipts.doubled),
    none('dead letters', dead),
    [
      'settled after the last fault',
      milliseconds(settledMs),
      `${settledWithinSeconds} s`,
      settledMs < settledWithinSeconds * 1000,
    ],
    [
      'from published to handled, p50 / p99 / worst',
      `${[late.p50, late.p99, late.worst].map(milliseconds).join(' / ')}`,
      '',
      true,
    ],
  ]
}

/** A payment to any instance; it is not retried, for it may have been committed. */
function pay(instances) {
  const callers = new Map()
  return (n) => {
    const { address } = instances[n % instances.length]
    if (!callers.has(address)) callers.set(address, callerOf(address))
    const body = { account: Math.floor(Math.random() * accounts), amount: 1 + (n % 100) }
    return succeeding(callers.get(address).send('POST', '/payments', body))
  }
}

/** Does one thing after the other for so many seconds, up to three at once; resolves when all are healed. */
async function hurt(faults, seconds, happened) {
  const until = performance.now() + seconds * 1000
  const running = new Map()
  while (performance.now() < until) {
    await after(1000 + Math.random() * 3000)
    const free = Object.keys(faults).filter((name) => !running.has(name))
    if (running.size >= 3 || free.length === 0) continue
    const name = free[Math.floor(Math.random() * free.length)]
    happened.set(name, (happened.get(name) ?? 0) + 1)
    const over = faults[name]().finally(() => running.delete(name))
    running.set(name, over)
  }
  await Promise.all(running.values())
}
