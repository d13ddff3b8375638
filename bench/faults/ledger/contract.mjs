import { contract, t } from 'tricube'

/** Money that moves between accounts, and never comes from nowhere. */
export const ledgerService = contract('ledger-service', {
  getBalance: { route: 'GET /accounts/:id', params: { id: t.Integer() }, returns: t.Integer() },
  transfer: {
    route: 'POST /transfers',
    body: t.Object({ id: t.Integer(), source: t.Integer(), target: t.Integer(), amount: t.Integer({ minimum: 1 }) }),
    returns: t.Null(),
  },
})
