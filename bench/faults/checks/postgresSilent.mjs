import { faultProxy } from 'tricube/testing'
import { succeeding } from '../lib/caller.mjs'
import { affordableRate, createLedger, ledgerAt, startLedger } from '../ledger/ledger.mjs'
import { watchLateness } from '../lib/lateness.mjs'
import { after, failed, load, milliseconds, percentile } from '../lib/load.mjs'
import { durablePostgres } from '../lib/postgres.mjs'

export const number = 13
export const title = 'PostgreSQL is a black hole for 10 s'

const acquireTimeoutMs = 3000 // tricube's default

export async function run() {
  const postgres = await durablePostgres()
  await createLedger(postgres.url())
  const proxy = await faultProxy({ target: postgres.url() })
  const service = await startLedger(proxy.url)
  const ledger = ledgerAt(service.address)
  try {
    const rate = await affordableRate(ledger)
    const seconds = 30
    const lateness = watchLateness()
    const responses = load(rate, seconds, (n) => succeeding(n % 4 === 0 ? ledger.transfer(n) : ledger.balance(n)))
    const health = load(4, seconds, async (n) => (statuses[n] = await bothHealths(ledger)))
    const statuses = []
    await after(5000)
    const silentAt = performance.now()
    const heal = ['upstream', 'downstream'].map((stream) => proxy.add({ type: 'timeout', stream }))
    await after(10_000)
    for (const remove of heal) await remove()
    const healedAt = performance.now()

    const calls = await responses
    const probes = (await health).map(({ at, ms }, n) => ({ at, ms, ...statuses[n] }))
    const during = calls.filter(({ at }) => at >= silentAt && at < healedAt - acquireTimeoutMs)
    const other = failed(calls).filter(({ error }) => error.status !== 503)
    const lateMs = lateness()
    const p99 = percentile(during, 99)
    const notReady = probes.find(({ at, ready }) => at >= silentAt && ready === 503)
    const notReadyMs = notReady ? notReady.at + notReady.ms - silentAt : Number.POSITIVE_INFINITY
    const lastFailure = failed(calls)
      .filter(({ at }) => at >= healedAt)
      .at(-1)
    const recoveredMs = lastFailure ? lastFailure.at - healedAt : 0
    const lastNotReady = probes.filter(({ at, ready }) => at >= healedAt && ready === 503).at(-1)
    const readyMs = lastNotReady ? lastNotReady.at + lastNotReady.ms - healedAt : 0
    const dead = probes.filter(({ live }) => live !== 200).length
    return [
      [
        `responses to ${during.length} requests: 503`,
        `${failed(during).length}`,
        'all',
        failed(during).length === during.length,
      ],
      ['failures that are not 503', `${other.length}`, '0', other.length === 0],
      [
        'their p99',
        milliseconds(p99),
        `the acquire timeout, ${acquireTimeoutMs} ms + 10 %, and ${milliseconds(lateMs)} that the machine is late`,
        p99 <= acquireTimeoutMs * 1.1 + lateMs,
      ],
      ['`ready` says no after', milliseconds(notReadyMs), '2000 ms', notReadyMs <= 2000],
      [`\`live\` fails, of ${probes.length} times`, `${dead}`, '0', dead === 0],
      ['last failure after it is back', milliseconds(recoveredMs), '5000 ms', recoveredMs <= 5000],
      ['`ready` says yes after it is back', milliseconds(readyMs), '5000 ms', readyMs <= 5000],
    ]
  } finally {
    ledger.close()
    await service.kill()
    await proxy.close()
    await postgres[Symbol.asyncDispose]()
  }
}

async function bothHealths({ send }) {
  const [ready, live] = await Promise.all([send('GET', '/health/ready'), send('GET', '/health/live')])
  return { ready: ready.status, live: live.status }
}
