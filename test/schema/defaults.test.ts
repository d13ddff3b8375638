/** A default that breaks its own schema would be a 400 for each caller that leaves the field out. */
import { contract, service, t } from 'tricube'
import { testService } from 'tricube/testing'
import { expect, it } from 'vitest'

const wrong = 'x' as never // types let it pass, since JSON may come from anywhere

it.each([
  [{ body: t.Object({ n: t.Integer({ default: wrong }) }) }, 'n: its default "x" must be integer'],
  [{ body: t.Object({ a: t.Array(t.Object({ n: t.Integer({ default: wrong }) })) }) }, 'a.n: its default "x" must be'],
  [{ body: t.Object({ a: t.Object({ b: t.String() }, { default: {} }) }) }, "must have required property 'b'"],
  [{ query: { n: t.Integer({ default: 5, minimum: 7 }) } }, 'n: its default 5 must be >= 7'],
  [{ headers: { 'x-n': t.Integer({ default: wrong }) } }, 'x-n: its default "x" must be integer'],
])('%j does not start', async (inputs, message) => {
  const things = contract('thing-service', { send: { route: 'POST /send', returns: t.Any(), ...inputs } })
  const start = testService(service(things, { handlers: { send: () => null } }))
  await expect(start).rejects.toThrow(`thing-service.send: `)
  await expect(start).rejects.toThrow(message)
})

it('is rejected in a setting too', () => {
  const define = () =>
    service(contract('thing-service', {}), { settings: { size: t.Integer({ default: wrong }) }, handlers: {} })
  expect(define).toThrow('its default "x" must be integer')
})

it('may be completed by the defaults of its fields', async () => {
  const Page = t.Object({ size: t.Integer({ default: 10 }) }, { default: {} })
  const things = contract('thing-service', {
    send: { route: 'POST /send', body: t.Object({ page: Page }), returns: t.Any() },
  })
  await using app = await testService(service(things, { handlers: { send: ({ body }) => body } }))
  const response = await app.inject({ method: 'POST', url: '/send', payload: {} })
  expect(response.json().data).toEqual({ page: { size: 10 } })
})
