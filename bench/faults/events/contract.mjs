import { contract, jobs, t } from 'tricube'

/** Money that leaves accounts here, and arrives at another service by an event. */
export const payingService = contract(
  'paying-service',
  {
    pay: { route: 'POST /payments', body: t.Object({ account: t.Integer(), amount: t.Integer() }), returns: t.Null() },
  },
  {
    events: {
      paid: {
        // `nth` counts the payments of an account, in the order of their commits.
        payload: t.Object({ account: t.Integer(), nth: t.Integer(), amount: t.Integer() }),
        key: 'account',
      },
    },
  },
)

export const receivingService = contract('receiving-service', {})

export const receivingJobs = jobs({
  receipt: { input: t.Object({ account: t.Integer(), nth: t.Integer() }), backoff: { baseMs: 50, capMs: 1000 } },
})
