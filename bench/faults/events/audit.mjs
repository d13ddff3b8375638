// What became of the payments, by the books of both services.
import { database } from 'tricube/sql'

/** Compares the books; resolves to figures, of which most are to be 0. */
export async function audit({ publisher, subscriber }) {
  const ours = database({ url: publisher.url() })
  const theirs = database({ url: subscriber.url() })
  try {
    const paid = await ours.many`SELECT id, payments FROM accounts`
    const received = await theirs.many`SELECT account, nth FROM received ORDER BY at`
    const receipts = await theirs.many`SELECT account, nth FROM receipts`
    const [spent, got] = [
      await ours.value`SELECT -sum(balance)::int FROM accounts`,
      await theirs.value`SELECT coalesce(sum(balance), 0)::int FROM accounts`,
    ]
    const due = paid.flatMap(({ id, payments }) => Array.from({ length: payments }, (_, i) => `${id} ${i + 1}`))
    return {
      committed: due.length,
      difference: spent - got,
      events: compared(due, received),
      receipts: compared(due, receipts),
      outOfOrder: outOfOrder(received),
      dead: await theirs.value`SELECT count(*)::int FROM tricube.dead_jobs`,
      late: await theirs.one`
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY late) AS p50,
          percentile_cont(0.99) WITHIN GROUP (ORDER BY late) AS p99, max(late) AS worst FROM received`,
    }
  } finally {
    await ours.close()
    await theirs.close()
  }
}

/** Whether all that was paid has arrived and nothing waits any more. */
export async function isSettled({ publisher, subscriber }) {
  const ours = database({ url: publisher.url() })
  const theirs = database({ url: subscriber.url() })
  try {
    const paid = await ours.value`SELECT sum(payments)::int FROM accounts`
    const receipts = await theirs.value`SELECT count(*)::int FROM receipts`
    return receipts >= paid && (await theirs.value`SELECT count(*)::int FROM tricube.jobs`) === 0
  } catch {
    return false
  } finally {
    await ours.close()
    await theirs.close()
  }
}

function compared(due, rows) {
  const seen = rows.map(({ account, nth }) => `${account} ${nth}`)
  const all = new Set(seen)
  return { lost: due.filter((one) => !all.has(one)).length, doubled: seen.length - all.size }
}

/** How many came before an earlier one of their account. */
function outOfOrder(received) {
  const last = new Map()
  return received.filter(({ account, nth }) => {
    const before = last.get(account) ?? 0
    last.set(account, Math.max(before, nth))
    return nth < before
  }).length
}

/** What still waits or runs, for whoever looks into it. */
export async function leftovers({ subscriber }) {
  const theirs = database({ url: subscriber.url() })
  try {
    return {
      now: await theirs.value`SELECT now()`,
      jobs: await theirs.many`SELECT * FROM tricube.jobs ORDER BY id LIMIT 20`,
      workers: await theirs.many`SELECT * FROM tricube.job_workers`,
      cursors: await theirs.many`SELECT * FROM tricube.event_cursors`,
      locks: await theirs.many`
        SELECT pid, state, left(query, 200) AS query, now() - xact_start AS age FROM pg_stat_activity
        WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid()`,
    }
  } finally {
    await theirs.close()
  }
}
