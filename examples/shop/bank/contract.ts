import { contract, t } from 'tricube'
import { bank } from '../payment-service/bank.ts'

export const bankService = contract(
  'bank',
  {
    ...bank.operations,
    settle: {
      route: 'POST /charges/:id/settle',
      summary: 'have the bank tell the shop that the money has arrived',
      returns: t.Object({ told: t.Integer({ description: 'the status with which the shop has responded' }) }),
    },
  },
  { envelope: 'plain' },
)
