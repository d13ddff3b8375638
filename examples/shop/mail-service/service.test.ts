import { testService, type TestApp } from 'tricube/testing'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { orderService } from '../order-service/contract.ts'
import type { mailService } from './contract.ts'
import type { PostOffice } from './postOffice.ts'
import service from './service.ts'

const { orderPaid } = orderService.events

/** Fails as often as a test says, and remembers what it has sent. */
let failures: number
let sent: Parameters<PostOffice['send']>[0][]
const postOffice: PostOffice = {
  async send(mail) {
    if (failures-- > 0) throw new Error('the post office is closed')
    sent.push(mail)
  },
}

let app: TestApp<typeof mailService>
beforeEach(async () => {
  failures = 0
  sent = []
  app = await testService(service, { resources: { postOffice }, config: { logLevel: 'silent' } })
})
afterEach(() => app.close())

it('thanks for an order that was paid', async () => {
  await app.deliver(orderPaid, { order_id: 7, email: 'li.lei@example.com', total_cents: 900 })
  expect(sent).toMatchObject([{ recipient: 'li.lei@example.com', subject: 'Thank you for order 7' }])
})

it('goes on trying, with the same key, while the post office is closed', async () => {
  failures = 3
  await app.deliver(orderPaid, { order_id: 7, email: 'li.lei@example.com', total_cents: 900 })
  expect(sent).toEqual([])
  const runs = await app.runJobs({ forMs: 60_000 })
  expect(runs.map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'done'])
  expect(sent).toMatchObject([{ key: expect.stringContaining('sendMail') }])
  expect((await app.client.listMails()).data).toHaveLength(1)
})
