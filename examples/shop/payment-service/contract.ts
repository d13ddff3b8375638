import { contract, PaymentRequired, t } from 'tricube'

const Charge = t.Object({ id: t.String(), amount_cents: t.Integer({ minimum: 1 }) }, { $id: 'Charge' })

export const paymentService = contract('payment-service', {
  charge: {
    route: 'POST /charges',
    summary: 'charge a card',
    description: 'The same idempotency key charges once.',
    tags: ['charges'],
    auth: 'service',
    callers: ['order-service'],
    body: t.Object(
      { amount_cents: t.Integer({ minimum: 1 }), card: t.String({ examples: ['visa'] }) },
      { $id: 'NewCharge' },
    ),
    returns: Charge,
    idempotent: 'by key',
    errors: [PaymentRequired],
  },
  listCharges: {
    route: 'GET /charges',
    summary: 'list all charges',
    tags: ['charges'],
    auth: 'user',
    scopes: ['charges:read'],
    returns: t.Array(Charge),
  },
})
