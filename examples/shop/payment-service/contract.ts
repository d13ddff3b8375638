import { contract, PaymentRequired, raw, t, Unauthorized } from 'tricube'

const Charge = t.Object(
  {
    id: t.String(),
    amount_cents: t.Integer({ minimum: 1 }),
    state: t.Union([t.Literal('authorized'), t.Literal('settled')]),
  },
  { $id: 'Charge' },
)

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
    summary: 'list charges',
    tags: ['charges'],
    auth: 'user',
    scopes: ['charges:read'],
    paginated: 'cursor',
    cursor: t.String(),
    returns: Charge,
  },
  bankEvent: {
    route: 'POST /webhooks/bank',
    summary: 'the bank tells what became of a charge',
    tags: ['webhooks'],
    auth: 'public', // its signature tells who calls
    body: raw({ types: ['application/json'], maxBytes: 10_000 }),
    status: 204,
    errors: [Unauthorized],
  },
})
