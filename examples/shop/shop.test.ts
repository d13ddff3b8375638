import { createApiKey, revokeApiKey } from 'tricube/auth'
import { testSystem } from 'tricube/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import bank from './bank/service.ts'
import catalog from './catalog-service/service.ts'
import mails from './mail-service/service.ts'
import { orderService } from './order-service/contract.ts'
import orders from './order-service/service.ts'
import { catalogService } from './catalog-service/contract.ts'
import payments from './payment-service/service.ts'

const { orderPlaced, orderPaid, orderCanceled } = orderService.events
const { stockReserved, stockMissing } = catalogService.events

// All four services and the bank, whose jobs and events run when the test says so.
const startShop = () => testSystem({ catalog, orders, payments, mails, bank }, { catalog: { seed: true } })
let shop: Awaited<ReturnType<typeof startShop>>
beforeEach(async () => {
  shop = await startShop()
})
afterEach(() => shop.close())

// People with their tokens, as the issuer would sign them.
const ann = { id: 'ann', scopes: ['orders:read', 'orders:write'] }
const staff = { id: 'sue', scopes: ['orders:read', 'orders:all', 'charges:read', 'reports:read'] }

const order = { product_id: 2, quantity: 2, email: 'li.lei@example.com', card: 'visa' }
const stock = async (): Promise<number> => (await shop.catalog.client.v2_getProduct({ params: { id: 2 } })).data.stock
const stateOf = async (id: number) => (await shop.orders.as(ann).client.getOrder({ params: { id } })).data

describe('an order', () => {
  it('is placed, reserved, paid and confirmed', async () => {
    const { data } = await shop.orders.as(ann).client.placeOrder({ body: order })
    expect(data).toMatchObject({ id: 1, total_cents: 7800, state: 'placed' })
    const [placed] = await shop.orders.published(orderPlaced)

    await shop.catalog.deliver(orderPlaced, placed!)
    expect(await stock()).toBe(1)
    const [reserved] = await shop.catalog.published(stockReserved)

    await shop.orders.deliver(stockReserved, reserved!)
    expect(await stateOf(1)).toMatchObject({ state: 'paid' })
    const charges = await shop.payments.as(staff).client.listCharges()
    expect(charges.data).toEqual([{ id: expect.stringMatching(/^charge-/), amount_cents: 7800, state: 'authorized' }])
    const [paid] = await shop.orders.published(orderPaid)

    expect(await shop.mails.deliver(orderPaid, paid!)).toMatchObject([{ job: 'on thank' }, { job: 'sendMail' }])
    const sent = await shop.mails.client.listMails()
    expect(sent.data).toEqual([{ recipient: 'li.lei@example.com', subject: 'Thank you for order 1' }])
  })

  it('goes all the way by itself when its events are delivered', async () => {
    await shop.orders.as(ann).client.placeOrder({ body: order })
    await shop.deliverEvents()
    expect(await stateOf(1)).toMatchObject({ state: 'paid' })
    expect(await stock()).toBe(1)
    expect((await shop.mails.client.listMails()).data).toMatchObject([{ subject: 'Thank you for order 1' }])
  })

  it('is canceled when there is not enough stock', async () => {
    await shop.orders.as(ann).client.placeOrder({ body: { ...order, quantity: 4 } })
    await shop.catalog.deliver(orderPlaced, (await shop.orders.published(orderPlaced))[0]!)
    expect(await stock()).toBe(3)
    await shop.orders.deliver(stockMissing, (await shop.catalog.published(stockMissing))[0]!)
    expect(await stateOf(1)).toMatchObject({ state: 'canceled', reason: 'out of stock' })
    expect(await shop.payments.as(staff).client.listCharges()).toMatchObject({ data: [] })
    await shop.catalog.deliver(orderCanceled, (await shop.orders.published(orderCanceled))[0]!)
    expect(await stock()).toBe(3)
  })

  it('is canceled when the card is declined, and its stock is sold to others', async () => {
    await shop.orders.as(ann).client.placeOrder({ body: { ...order, card: 'declined' } })
    await shop.catalog.deliver(orderPlaced, (await shop.orders.published(orderPlaced))[0]!)
    expect(await stock()).toBe(1)
    await shop.orders.deliver(stockReserved, { order_id: 1 })
    const [canceled] = await shop.orders.published(orderCanceled)
    expect(canceled).toEqual({ order_id: 1, email: 'li.lei@example.com', reason: 'the card was declined' })

    await shop.catalog.deliver(orderCanceled, canceled!)
    expect(await stock()).toBe(3)
    await shop.mails.deliver(orderCanceled, canceled!)
    const sent = await shop.mails.client.listMails()
    expect(sent.data).toMatchObject([{ subject: 'Order 1 was canceled: the card was declined' }])
  })

  it('is charged once, however often it is paid for', async () => {
    await shop.orders.as(ann).client.placeOrder({ body: order })
    await shop.orders.deliver(stockReserved, { order_id: 1 })
    await shop.orders.db.execute`UPDATE orders SET state = 'placed'` // as if it had crashed before its commit
    await shop.orders.deliver(stockReserved, { order_id: 1 })
    expect(await stateOf(1)).toMatchObject({ state: 'paid' })
    expect((await shop.payments.as(staff).client.listCharges()).data).toHaveLength(1)
  })

  it('of a product that does not exist is rejected', async () => {
    const placed = shop.orders.as(ann).client.placeOrder({ body: { ...order, product_id: 99 } })
    await expect(placed).rejects.toMatchObject({ status: 422, error: 'product 99 does not exist' })
    expect(await shop.orders.published(orderPlaced)).toEqual([])
  })
})

it('exports all orders as CSV', async () => {
  for (const quantity of [1, 2]) await shop.orders.as(ann).client.placeOrder({ body: { ...order, quantity } })
  const { data, headers } = await shop.orders.as(staff).client.exportOrders()
  expect(headers['content-disposition']).toBe('attachment; filename="orders.csv"')
  expect((await data.text()).split('\r\n')).toEqual([
    'id,product_id,quantity,total_cents,email,state,reason',
    '1,2,1,3900,li.lei@example.com,placed,',
    '2,2,2,7800,li.lei@example.com,placed,',
    '',
  ])
})

it('reports each night what was sold the day before', async () => {
  await shop.orders.as(ann).client.placeOrder({ body: order })
  await shop.orders.deliver(stockReserved, { order_id: 1 })
  await shop.orders.runJobs({ forMs: 2 * 86_400_000 })
  const { data } = await shop.orders.as(staff).client.listReports()
  expect(data).toHaveLength(2)
  expect(data).toContainEqual({ day: expect.any(String), orders: 1, total_cents: 7800 })
})

describe('who may do what', () => {
  it('is in the contracts: a customer gets orders of their own, staff get any', async () => {
    await shop.orders.as(ann).client.placeOrder({ body: order })
    const get = (caller: typeof ann, id = 1) => shop.orders.as(caller).client.getOrder({ params: { id } })
    expect((await get(ann)).data).toMatchObject({ id: 1 })
    expect((await get(staff)).data).toMatchObject({ id: 1 })
    await expect(get({ ...ann, id: 'bob' })).rejects.toMatchObject({ status: 403 })
    await expect(get(ann, 2)).rejects.toMatchObject({ status: 404 })
    await expect(get({ id: 'ann', scopes: ['orders:write'] })).rejects.toMatchObject({ status: 403 })
    await expect(shop.orders.client.placeOrder({ body: order })).rejects.toMatchObject({ status: 401 })
  })

  it('lets the order service alone charge a card', async () => {
    const charge = (caller: Parameters<typeof shop.payments.as>[0]) =>
      shop.payments.as(caller).client.charge({ body: { amount_cents: 100, card: 'visa' } })
    expect((await charge({ service: 'order-service' })).data).toMatchObject({ amount_cents: 100 })
    await expect(charge({ service: 'mail-service' })).rejects.toMatchObject({ status: 403 })
    await expect(charge(staff)).rejects.toMatchObject({ status: 401 })
  })

  it('gives the nightly export a key for the reports, and for nothing else', async () => {
    const { id, key } = await createApiKey(shop.orders.db, { name: 'export', owner: 'sue', scopes: ['reports:read'] })
    const get = async (url: string) => (await shop.orders.inject({ url, headers: { 'x-api-key': key } })).statusCode
    expect([await get('/reports'), await get('/orders/1')]).toEqual([200, 401])
    await revokeApiKey(shop.orders.db, id)
    expect(await get('/reports')).toBe(401)
  })
})
