import { testService } from 'tricube/testing'
import { expect, it } from 'vitest'
import service, { plannedMoves } from './shards.ts'

it('keeps the profiles of a region in its own database', async () => {
  await using app = await testService(service)
  const sichuan = { 'x-region': 'sichuan' }
  await app.client.saveProfile({ params: { name: 'ann' }, headers: sichuan, body: { text: 'hello' } })
  const { data } = await app.client.getProfile({ params: { name: 'ann' }, headers: sichuan })
  expect(data).toEqual({ text: 'hello' })
  expect(await app.db.shard('sichuan').value`SELECT count(*) FROM profiles`).toBe(1)
  expect(await app.db.shard('beijing').value`SELECT count(*) FROM profiles`).toBe(0)
  expect((await app.client.countProfiles()).data).toEqual({ total: 1, unreachable: [] })
  await expect(
    app.client.getProfile({ params: { name: 'ann' }, headers: { 'x-region': 'atlantis' } }),
  ).rejects.toMatchObject({ status: 400, error: 'no such shard: atlantis' })
})

it('moves only what a new shard takes', () => {
  expect(plannedMoves()).toBe(17) // of 64 buckets, all to guangdong
})
