import { service } from 'tricube'
import { orderService } from '../order-service/contract.ts'
import { mailService } from './contract.ts'
import { mailJobs } from './jobs.ts'
import { postOffice } from './postOffice.ts'

export default service(mailService, {
  port: 8140,
  resources: { postOffice },
  migrations: new URL('./migrations/', import.meta.url),
  jobs: mailJobs,
  // An event is handled at once, in order. Sending is a job of its own, so that a slow provider holds up no events.
  subscriptions: {
    thank: {
      event: orderService.events.orderPaid,
      handler: ({ event: { order_id, email }, db }) =>
        db.enqueue(mailJobs.sendMail, { recipient: email, subject: `Thank you for order ${order_id}` }),
    },
    apologize: {
      event: orderService.events.orderCanceled,
      handler: ({ event: { order_id, email, reason }, db }) =>
        db.enqueue(mailJobs.sendMail, { recipient: email, subject: `Order ${order_id} was canceled: ${reason}` }),
    },
  },
  jobHandlers: {
    async sendMail({ input, db, postOffice, idempotencyKey }) {
      await postOffice.send({ ...input, key: idempotencyKey })
      await db.execute`INSERT INTO mails ${db.values(input)}`
    },
  },
  handlers: {
    listMails: ({ db }) => db.many`SELECT recipient, subject FROM mails ORDER BY id DESC`,
  },
})
