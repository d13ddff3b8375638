// An instance that subscribes, in a process of its own.
import { service } from 'tricube'
import { payingService, receivingJobs, receivingService } from './contract.mjs'

process.on('disconnect', () => process.exit())

const sometimes = (share) => {
  if (Math.random() < share) throw new Error('fails at random')
}

const app = service(receivingService, {
  models: {},
  handlers: {},
  subscriptions: {
    receive: {
      event: payingService.events.paid,
      from: 'beginning',
      retries: 1000, // what is dead would be missing
      backoff: { baseMs: 50, capMs: 1000 },
      async handler({ event: { account, nth, amount }, publishedAt, db }) {
        await db.execute`
          INSERT INTO accounts (id, balance) VALUES (${account}, ${amount})
          ON CONFLICT (id) DO UPDATE SET balance = accounts.balance + ${amount}`
        await db.execute`
          INSERT INTO received (account, nth, late)
          VALUES (${account}, ${nth}, extract(epoch FROM clock_timestamp() - ${publishedAt}::timestamptz) * 1000)`
        sometimes(0.03)
        await db.enqueue(receivingJobs.receipt, { account, nth })
      },
    },
  },
  jobs: receivingJobs,
  jobHandlers: {
    async receipt({ input: { account, nth }, db }) {
      await db.execute`INSERT INTO receipts (account, nth) VALUES (${account}, ${nth})`
      sometimes(0.03)
    },
  },
})
const { url } = await app.listen()
process.send({ url })
