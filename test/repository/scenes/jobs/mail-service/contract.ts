import { contract, t } from 'tricube'

export const mailService = contract('mail-service', {
  sendMail: { route: 'POST /mails', body: t.Object({ order_id: t.Integer() }), idempotent: 'by key' },
})
