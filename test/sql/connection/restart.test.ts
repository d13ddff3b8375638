import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { database } from 'tricube/sql'
import { startPostgres } from 'tricube/testing'

// Check 12: a crash of PostgreSQL under a load of transfers.
test(
  'a crash of the server loses no acknowledged transfer, and recovery takes at most 5 s',
  { timeout: 60_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tricube-restart-'))
    await chmod(folder, 0o755)
    const dataDir = join(folder, 'postgres')
    let postgres = await startPostgres({ dataDir })
    const db = await database({ url: postgres.url(), pool: 8 })
    try {
      await db.script(`
      CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL);
      INSERT INTO accounts SELECT i, 1000 FROM generate_series(1, 20) i;
      CREATE TABLE transfers (id int PRIMARY KEY);
    `)
      const acknowledged: number[] = []
      let next = 0
      let isOver = false
      let lastAcknowledged = 0
      const transfer = (id: number) =>
        db.transaction(
          async (tx) => {
            const [from, to] = [1 + (id % 20), 1 + ((id * 7 + 3) % 20)]
            await tx.execute`UPDATE accounts SET balance = balance - 1 WHERE id = ${from}`
            await tx.execute`UPDATE accounts SET balance = balance + 1 WHERE id = ${to}`
            await tx.execute`INSERT INTO transfers VALUES (${id})`
          },
          { retries: 5 },
        )
      const load = Array.from({ length: 8 }, async () => {
        while (!isOver) {
          const id = ++next
          const isDone = await transfer(id).then(
            () => true,
            () => false,
          )
          if (isDone) acknowledged.push(id)
          if (isDone) lastAcknowledged = performance.now()
        }
      })
      const acknowledgedAfter = async (time: number) => {
        while (lastAcknowledged <= time) await db.ping(5000).catch(() => {})
      }
      await acknowledgedAfter(performance.now())
      await postgres.stop('immediate')
      postgres = await startPostgres({ dataDir, port: postgres.port })
      const up = performance.now()
      await acknowledgedAfter(up)
      expect(lastAcknowledged - up).toBeLessThan(5000)
      isOver = true
      await Promise.all(load)
      const found = await db.many<{ id: number }>`SELECT id FROM transfers`
      const stored = new Set(found.map(({ id }) => id))
      expect(acknowledged.filter((id) => !stored.has(id))).toEqual([])
      expect(await db.value`SELECT sum(balance) FROM accounts`).toBe(20_000)
    } finally {
      await db.close()
      await postgres.stop()
      await rm(folder, { recursive: true, force: true })
    }
  },
)
