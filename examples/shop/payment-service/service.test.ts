import { PaymentRequired } from 'tricube'
import { testService, type TestApp } from 'tricube/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { signed } from '../bank/signed.ts'
import { bank } from './bank.ts'
import type { paymentService } from './contract.ts'
import service from './service.ts'

const bankSecret = 'whsec_c2VjcmV0IG9mIHRoZSBzaG9w'

let app: TestApp<typeof paymentService>
const orders = () => app.as({ service: 'order-service' }).client
const staff = () => app.as({ id: 'sue', scopes: ['charges:read'] }).client
beforeEach(async () => {
  app = await testService(service, { settings: { bankSecret } })
  app.mock(bank).charge.returns({ id: 'charge-1' })
})
afterEach(() => app.close())

const body = { amount_cents: 900, card: 'visa' }

describe('a charge', () => {
  it('is made by the bank, once for each key', async () => {
    await orders().charge({ body }, { idempotencyKey: 'order-7' })
    await orders().charge({ body }, { idempotencyKey: 'order-7' })
    expect(app.mock(bank).charge.calls).toEqual([
      { body: { amount: 900, currency: 'EUR', card: 'visa' }, idempotencyKey: expect.any(String) },
    ])
  })

  it('is not made with a card that is declined', async () => {
    app.mock(bank).charge.throws(new PaymentRequired('the card was declined'))
    await expect(orders().charge({ body })).rejects.toBeInstanceOf(PaymentRequired)
    expect((await staff().listCharges()).data).toEqual([])
  })
})

describe('the webhook of the bank', () => {
  const event = JSON.stringify({ type: 'charge.settled', charge: 'charge-1' })
  const tell = (headers: Record<string, string>, body = event) => app.client.bankEvent({ body }, { headers })
  const state = async () => (await staff().listCharges()).data[0]!.state
  beforeEach(async () => void (await orders().charge({ body })))

  it('settles a charge, however often it is told', async () => {
    expect(await state()).toBe('authorized')
    for (let i = 0; i < 2; i++) expect((await tell(signed(event, bankSecret))).status).toBe(204)
    expect(await state()).toBe('settled')
  })

  it.each([
    ['of somebody else', signed(event, 'whsec_YW5vdGhlcg==')],
    ['for another body', signed(`${event} `, bankSecret)],
    ['that is missing', {}],
  ])('rejects a signature %s', async (_, headers) => {
    await expect(tell(headers)).rejects.toMatchObject({ status: 401 })
    expect(await state()).toBe('authorized')
  })
})
