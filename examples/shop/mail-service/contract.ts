import { contract, t } from 'tricube'

export const Mail = t.Object({ recipient: t.String(), subject: t.String() }, { $id: 'Mail' })

export const mailService = contract('mail-service', {
  listMails: {
    route: 'GET /mails',
    summary: 'list what was sent, the latest first',
    tags: ['mails'],
    returns: t.Array(Mail),
  },
})
