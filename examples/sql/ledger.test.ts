import { database, type Database } from 'tricube/sql'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createDatabase, type OwnDatabase } from './createDatabase.ts'
import { balanceOf, createLedger, openAccounts, payAll, richest, transfer, turnover } from './ledger.ts'

let own: OwnDatabase
let db: Database
beforeAll(async () => {
  own = await createDatabase('ledger')
  db = database({ url: own.url })
  await createLedger(db)
  await openAccounts(db, ['ann', 'ben', 'cleo', 'dan'])
})
afterAll(async () => {
  await db.close()
  await own.drop()
})

it('moves money in concurrent transfers, and notifies listeners', async () => {
  const heard: string[] = []
  await using listening = await db.listen('transfers', (payload) => heard.push(payload))
  await Promise.all([
    transfer(db, 'ann', 'ben', 10),
    transfer(db, 'ben', 'ann', 20),
    transfer(db, 'ann', 'cleo', 30),
    transfer(db, 'cleo', 'dan', 40),
  ])
  const balances = await db.many`SELECT * FROM accounts ORDER BY owner`
  expect(balances).toEqual([
    { owner: 'ann', balance: 80 },
    { owner: 'ben', balance: 90 },
    { owner: 'cleo', balance: 90 },
    { owner: 'dan', balance: 140 },
  ])
  expect(await turnover(db)).toBe(100)
  await expect.poll(() => heard.length).toBe(4)
  await listening.close()
})

it('rejects a transfer without the money for it, and rolls it back', async () => {
  await expect(transfer(db, 'ann', 'ben', 1000)).rejects.toMatchObject({ constraint: 'accounts_balance_check' })
  expect(await balanceOf(db, 'ann')).toBe(80)
  expect(await balanceOf(db, 'nobody')).toBeUndefined()
})

it('makes the payments that are possible', async () => {
  expect(await payAll(db, 'dan', { ann: 100, ben: 50, cleo: 40 })).toEqual(['ben'])
  expect(await richest(db, 2)).toEqual(['ann', 'cleo'])
})
