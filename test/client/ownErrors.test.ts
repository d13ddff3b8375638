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

/** Its code is an argument. */
class OutOfStock extends Conflict {
  constructor(detail?: unknown) {
    super(detail, { code: 40910 })
  }
}
/** Its code belongs to the class. */
class TooLate extends Conflict {
  static readonly code = 40911
}
/** Of a status that has no class. */
class QuotaExceeded extends HttpError {
  constructor(detail?: unknown) {
    super(419, detail, { code: 41910 })
  }
}
/** Without a code of its own. */
class UserNotFound extends NotFound {}
/** Made of something that it needs. */
class Mismatch extends PreconditionFailed {
  static readonly code = 41210
  constructor({ expected }: { expected: number }) {
    super(`expected version ${expected}`)
  }
}
/** A subclass of one that is not listed. */
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
  ['of a status that has no class', new QuotaExceeded({ limit: 5 }), QuotaExceeded],
  ['without a code of its own', new UserNotFound('user 7'), UserNotFound],
  ['whose constructor needs something', new Mismatch({ expected: 3 }), Mismatch],
  ['that is one of ours', new PaymentRequired('card'), PaymentRequired],
  ['that others extend', new Conflict('x'), Conflict],
  ['of a class that is not listed, as what it extends', new Unlisted('x'), Conflict],
  ['without a detail', new OutOfStock(), OutOfStock],
]

describe('an error arrives as its class', () => {
  it.each(cases)('%s: by fetch and by the client of Node', async (_what, error, errorClass) => {
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

it('the types of an operation know its errors whatever their constructors', () => {
  const typed = contract('typed-service', {
    get: { route: 'GET /a/:id', params: { id: t.Integer() }, returns: t.Integer(), errors: [Mismatch, QuotaExceeded] },
  })
  // The handler's context is inferred: a class that was no ErrorClass took the types of all of them.
  service(typed, { handlers: { get: ({ params }) => params.id satisfies number } })
})

it('OpenAPI has them with their codes', () => {
  const { components, paths } = openapiDocument(shop)
  const values = (name: string): unknown => components.responses[name]!.content!['application/json'].examples
  expect(values('QuotaExceeded')).toEqual({ QuotaExceeded: { value: { code: 41910, message: 'HTTP 419' } } })
  expect(values('Mismatch')).toEqual({ Mismatch: { value: { code: 41210, message: 'Precondition Failed' } } })
  expect(Object.keys(paths['/buy']!['post']!.responses)).toEqual(
    expect.arrayContaining(['402', '404', '409', '412', '419']),
  )
})

it.each<[string, unknown, string]>([
  ['is no class', 'NotFound', 'errors[0] must be an error class that extends HttpError, like NotFound'],
  ['is another class', RangeError, 'errors[0] must be an error class that extends HttpError, like NotFound'],
  [
    'cannot be made and does not say its code',
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
    'is of no error',
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

it('402, 412, 428 and 451 have a class', () => {
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
