import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  Conflict,
  contract,
  HttpError,
  NotFound,
  openapiDocument,
  PaymentRequired,
  PreconditionFailed,
  PreconditionRequired,
  service,
  t,
  UnavailableForLegalReasons,
} from 'tricube'
import { client } from 'tricube/client'
import { fetchClient } from 'tricube/client/fetch'
import { staticRegistry } from 'tricube/discovery'
import { testService } from 'tricube/testing'

/** With a code from its constructor. */
class OutOfStock extends Conflict {
  constructor(detail?: unknown) {
    super(detail, { code: 40910 })
  }
}
/** With a code of the class. */
class TooLate extends Conflict {
  static readonly code = 40911
}
/** With a status that has no class. */
class QuotaExceeded extends HttpError {
  constructor(detail?: unknown) {
    super(419, detail, { code: 41910 })
  }
}
/** Without a code of its own. */
class UserNotFound extends NotFound {}
/** With a required argument. */
class Mismatch extends PreconditionFailed {
  static readonly code = 41210
  constructor({ expected }: { expected: number }) {
    super(`expected version ${expected}`)
  }
}
/** A subclass that the contract does not list. */
class Unlisted extends Conflict {
  static readonly code = 40999
}

const errors = [OutOfStock, TooLate, QuotaExceeded, UserNotFound, Mismatch, PaymentRequired, Conflict] as const
const shop = contract('shop-service', { buy: { route: 'POST /buy', returns: t.Null(), errors } })

let thrown: unknown
const buy = (): null => {
  throw thrown
}
const app = service(shop, { handlers: { buy } })
let url: string
beforeAll(async () => void (url = (await app.listen()).url))
afterAll(() => app.close())

const cases: [string, HttpError, Function][] = [
  ['with a code from its constructor', new OutOfStock('sku 7'), OutOfStock],
  ['with a code of its class', new TooLate('closed'), TooLate],
  ['with a status that has no class', new QuotaExceeded({ limit: 5 }), QuotaExceeded],
  ['without a code of its own', new UserNotFound('user 7'), UserNotFound],
  ['whose constructor has a required argument', new Mismatch({ expected: 3 }), Mismatch],
  ['with a class of tricube', new PaymentRequired('card'), PaymentRequired],
  ['with a class that other errors extend', new Conflict('x'), Conflict],
  ['with a class that is not listed, as its base class', new Unlisted('x'), Conflict],
  ['without a detail', new OutOfStock(), OutOfStock],
]

describe('an error arrives in its class', () => {
  it.each(cases)('%s: through fetch and through the client of Node', async (_what, error, errorClass) => {
    thrown = error
    const registry = staticRegistry({ 'shop-service': [new URL(url).host] })
    await using caller = client(shop, { registry })
    for (const each of [fetchClient(shop, { url }), caller]) {
      const arrived = await each.buy().catch((reason: unknown) => reason)
      expect((arrived as object).constructor).toBe(errorClass)
      const { status, code, error: detail } = error
      expect(arrived).toMatchObject({ status, code, ...(detail !== undefined && { error: detail }) })
      expect((arrived as Error).name).toBe(errorClass.name)
      expect((arrived as Error).stack).toContain(errorClass.name)
    }
  })

  it.each(cases.slice(0, 6))('%s: between services, from a mock and in a test', async (_what, error, errorClass) => {
    const front = contract('front-service', { order: { route: 'POST /order', returns: t.Null(), errors } })
    const seen: unknown[] = []
    const asking = service(front, {
      clients: { shop },
      handlers: {
        order: ({ clients }) =>
          clients.shop.buy().catch((reason: unknown) => {
            seen.push(reason)
            throw reason
          }),
      },
    })
    await using test = await testService(asking)
    test.mock(shop).buy.throws(error)
    await expect(test.client.order()).rejects.toBeInstanceOf(errorClass)
    expect(seen[0]).toBeInstanceOf(errorClass)
  })
})

it('error classes with any constructor keep the types of an operation', () => {
  const typed = contract('typed-service', {
    get: { route: 'GET /a/:id', params: { id: t.Integer() }, returns: t.Integer(), errors: [Mismatch, QuotaExceeded] },
  })
  // The type of the context is inferred. A class that is not assignable to ErrorClass would make it unknown.
  service(typed, { handlers: { get: ({ params }) => params.id satisfies number } })
})

it('OpenAPI lists error classes with their codes', () => {
  const { components, paths } = openapiDocument(shop)
  const values = (name: string): unknown => components.responses[name]!.content!['application/json']!.examples
  expect(values('QuotaExceeded')).toEqual({ QuotaExceeded: { value: { code: 41910, message: 'HTTP 419' } } })
  expect(values('Mismatch')).toEqual({ Mismatch: { value: { code: 41210, message: 'Precondition Failed' } } })
  expect(Object.keys(paths['/buy']!['post']!.responses)).toEqual(
    expect.arrayContaining(['402', '404', '409', '412', '419']),
  )
})

it.each<[string, unknown, string]>([
  ['is not a class', 'NotFound', 'errors[0] must be an error class that extends HttpError, like NotFound'],
  ['is another class', RangeError, 'errors[0] must be an error class that extends HttpError, like NotFound'],
  [
    'needs an argument and has no static code',
    class Needy extends HttpError {
      constructor({ id }: { id: number }) {
        super(409, id)
      }
    },
    'errors[0] Needy needs arguments',
  ],
  [
    'has a code of another status',
    class Odd extends Conflict {
      static readonly code = 40410
    },
    'errors[0]: code 40410 does not belong to status 409: use 40900 to 40999',
  ],
  [
    'has a status below 400',
    class Fine extends HttpError {
      static readonly status = 200
      static readonly code = 20010
    },
    'errors[0]: its status must be 400 to 599, got 200',
  ],
])('rejects a class at definition that %s', (_what, errorClass, message) => {
  expect(() => contract('odd-service', { get: { route: 'GET /', errors: [errorClass as never] } })).toThrow(
    `odd-service.get: ${message}`,
  )
})

it('exports classes for 402, 412, 428 and 451', () => {
  expect(
    [PaymentRequired, PreconditionFailed, PreconditionRequired, UnavailableForLegalReasons].map((errorClass) => {
      const { status, code, reason } = new errorClass()
      return [status, code, reason]
    }),
  ).toEqual([
    [402, 40200, 'Payment Required'],
    [412, 41200, 'Precondition Failed'],
    [428, 42800, 'Precondition Required'],
    [451, 45100, 'Unavailable For Legal Reasons'],
  ])
})
