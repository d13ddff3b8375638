import { succeeding } from '../lib/caller.mjs'
import { affordableRate, auditLedger, createLedger, ledgerAt, startLedger, total } from '../ledger/ledger.mjs'
import { after, failed, load, milliseconds } from '../lib/load.mjs'
import { durablePostgres } from '../lib/postgres.mjs'

export const number = 12
export const title = 'PostgreSQL crashes under transfers'

const secondsEach = 14 // of them 4 before the crash

export async function run({ full }) {
  const crashes = full ? 20 : 3
  const postgres = await durablePostgres()
  await createLedger(postgres.url())
  const service = await startLedger(postgres.url())
  const ledger = ledgerAt(service.address)
  try {
    const rate = await affordableRate(ledger)
    const transfers = load(rate, secondsEach * crashes, (id) => succeeding(ledger.transfer(id)))
    const from = performance.now()
    const outages = []
    for (let n = 0; n < crashes; n++) {
      await after(from + (secondsEach * n + 4) * 1000 - performance.now())
      const crashedAt = performance.now()
      await postgres.crash()
      outages.push({ crashedAt, upAt: performance.now(), overAt: from + secondsEach * (n + 1) * 1000 })
    }
    const responses = await transfers
    const acknowledged = [...responses.keys()].filter((id) => !responses[id].error)
    const { sum, lost } = await auditLedger(postgres.url(), acknowledged)
    const failures = failed(responses)
    const recoveries = outages.map(({ upAt, overAt }) => {
      const last = failures.filter(({ at }) => at >= upAt && at < overAt).at(-1)
      return last ? last.at - upAt : 0
    })
    const felt = outages.filter(({ crashedAt, upAt }) =>
      responses.some(({ at, ms, error }) => at < upAt && at + ms > crashedAt && (error || at + ms > upAt)),
    )
    const recoveredMs = Math.max(...recoveries)
    return [
      [
        `last transfer to fail after it is up again, worst of ${crashes}`,
        milliseconds(recoveredMs),
        '5000 ms',
        recoveredMs <= 5000,
      ],
      [`of ${acknowledged.length} acknowledged transfers lost`, `${lost}`, '0', lost === 0],
      ['sum of the ledger', `${sum}`, `${total}`, sum === total],
      ['crashes that transfers have felt', `${felt.length}`, `${crashes}`, felt.length === crashes],
      ['transfers that failed', `${failures.length} of ${responses.length}`, '', true],
    ]
  } finally {
    ledger.close()
    await service.kill()
    await postgres[Symbol.asyncDispose]()
  }
}
