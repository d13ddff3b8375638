import {
  Conflict,
  contract,
  NotFound,
  resource,
  service,
  t,
  type Client,
  type Contract,
  type Context,
  type Handlers,
  type InputOf,
  type OutputOf,
  type OwnOf,
  type ParamsOf,
  type QueryOf,
  type ServiceOptions,
} from 'tricube'
import type { client as clientOf } from 'tricube/client'
import type { TestApp } from 'tricube/testing'
import { traced } from 'tricube/trace'
import { describe, expect, expectTypeOf, it } from 'vitest'

// The compiler is the test here: `npm run check` and vitest's own run read this file, and `@ts-expect-error` fails
// when the line below it compiles.

const User = t.Object({ id: t.Integer(), name: t.String(), nick: t.Optional(t.String()) })
const users = contract('user-service', {
  getUser: { route: 'GET /users/:id', params: { id: t.Integer() }, returns: User },
  getFile: { route: 'GET /users/:owner/files/:file', returns: t.String() },
  listUsers: { route: 'GET /users', query: { name: t.Optional(t.String()) }, paginated: true, returns: User },
  createUser: { route: 'POST /users', body: t.Object({ name: t.String() }), returns: t.Object({ id: t.Integer() }) },
  deleteUser: { route: 'DELETE /users/:id', headers: { 'if-match': t.String() } },
  ping: { route: 'GET /ping' },
})
type Ops = typeof users.operations

describe('the types inferred from a contract', () => {
  it('have path parameters, from their schemas or from the route', () => {
    expectTypeOf<ParamsOf<Ops['getUser']>>().toEqualTypeOf<{ id: number }>()
    expectTypeOf<ParamsOf<Ops['getFile']>>().toEqualTypeOf<{ owner: string; file: string }>()
    expectTypeOf<ParamsOf<Ops['ping']>>().toEqualTypeOf<{}>()
  })

  it("have the caller's input", () => {
    expectTypeOf<InputOf<Ops['getUser']>>().toEqualTypeOf<{ params: { id: number } }>()
    expectTypeOf<InputOf<Ops['createUser']>>().toEqualTypeOf<{ body: { name: string } }>()
    expectTypeOf<InputOf<Ops['listUsers']>>().toEqualTypeOf<{
      query?: { name?: string; page?: number; size?: number }
    }>()
    expectTypeOf<InputOf<Ops['deleteUser']>>().toEqualTypeOf<{
      params: { id: string }
      headers: { 'if-match': string }
    }>()
    expectTypeOf<InputOf<Ops['ping']>>().toEqualTypeOf<{}>()
  })

  it("have the handler's output and the caller's result", () => {
    type UserType = { id: number; name: string; nick?: string }
    expectTypeOf<OutputOf<Ops['getUser']>>().toEqualTypeOf<UserType>()
    expectTypeOf<OutputOf<Ops['listUsers']>>().toEqualTypeOf<{
      readonly items: readonly UserType[]
      readonly total: number
    }>()
    type Users = Client<typeof users>
    expectTypeOf<Awaited<ReturnType<Users['getUser']>>>().toEqualTypeOf<UserType>()
    expectTypeOf<Awaited<ReturnType<Users['listUsers']>>>().toEqualTypeOf<{
      items: UserType[]
      page: number
      size: number
      total: number
    }>()
    expectTypeOf<Awaited<ReturnType<Users['deleteUser']>>>().toEqualTypeOf<void>()
    expectTypeOf<Parameters<Users['ping']>['length']>().toEqualTypeOf<0 | 1 | 2>()
    expectTypeOf<Parameters<Users['getUser']>['length']>().toEqualTypeOf<1 | 2>()
  })

  it("have the handler's context", () => {
    const one = contract('one-service', { listUsers: users.operations.listUsers })
    service(one, {
      clients: { users },
      handlers: {
        listUsers({ query, body, clients, params }) {
          expectTypeOf(query).toEqualTypeOf<{ name?: string; page: number; size: number }>()
          expectTypeOf(body).toEqualTypeOf<undefined>()
          expectTypeOf(params).toEqualTypeOf<{}>()
          expectTypeOf(clients.users.getUser).parameter(0).toEqualTypeOf<{ params: { id: number } }>()
          return { items: [], total: 0 }
        },
      },
    })
  })
})

describe('a value with a default', () => {
  const Sort = t.Union([t.Literal('name'), t.Literal('age')], { default: 'name' })
  const lists = contract('list-service', {
    list: {
      route: 'GET /lists',
      query: { size: t.Integer({ default: 20 }), sort: Sort, all: t.Boolean({ default: false }), owner: t.String() },
      headers: { 'x-unit': t.String({ default: 'm' }) },
    },
    recent: { route: 'GET /lists/recent', query: { size: t.Number({ default: 20 }) } },
  })
  type List = typeof lists.operations.list

  it('is optional for callers, in the query and in the headers', () => {
    expectTypeOf<InputOf<List>>().toEqualTypeOf<{
      query: { size?: number; sort?: 'name' | 'age'; all?: boolean; owner: string }
      headers?: { 'x-unit'?: string }
    }>()
    expectTypeOf<{}>().toExtend<InputOf<typeof lists.operations.recent>>()
  })

  it('is always present for handlers', () => {
    expectTypeOf<QueryOf<List>>().toEqualTypeOf<{ size: number; sort: 'name' | 'age'; all: boolean; owner: string }>()
  })
})

describe('a function that takes the context', () => {
  const pay = traced(async function pay({ db, body, log }: Context, id: number) {
    expectTypeOf(body).toEqualTypeOf<unknown>()
    log.info({ id }, 'paid')
    return db.one<{ id: number }>`SELECT ${id}::int AS id`
  })

  it('can be called from every handler, also in a service with clients', () => {
    const { getUser, createUser, listUsers, deleteUser } = users.operations
    service(contract('paying-service', { getUser, createUser, listUsers, deleteUser }), {
      clients: { users },
      handlers: {
        getUser: async (ctx) => ({ ...(await pay(ctx, ctx.params.id)), name: '' }),
        createUser: (ctx) => pay(ctx, ctx.body.name.length),
        listUsers: async (ctx) => ({ items: [{ ...(await pay(ctx, ctx.query.page)), name: '' }], total: 1 }),
        deleteUser: async (ctx) => void (await pay(ctx, Number(ctx.params.id))),
      },
    })
  })
})

describe('a handler in its own file', () => {
  const clients = { users }
  const settings = { pageSize: t.Integer({ default: 20 }) }
  const resources = { cache: resource({ open: () => new Map<string, number>() }) }
  const { getUser, listUsers, createUser } = users.operations
  const own = contract('own-service', { getUser, listUsers, createUser })
  type OwnHandlers = Handlers<typeof own.operations, typeof clients, OwnOf<typeof resources, typeof settings>>

  it('has the types of its operation, of the clients, the settings and the resources', () => {
    const list: OwnHandlers['listUsers'] = async function list({
      query,
      settings: { pageSize },
      cache,
      clients: others,
    }) {
      expectTypeOf(query).toEqualTypeOf<{ name?: string; page: number; size: number }>()
      expectTypeOf(pageSize).toEqualTypeOf<number>()
      expectTypeOf(cache).toEqualTypeOf<Map<string, number>>()
      const user = await others.users.getUser({ params: { id: 1 } })
      return { items: [user], total: 1 }
    }
    const get: OwnHandlers['getUser'] = ({ params, db }) => db.one<{ id: number; name: string }>`SELECT ${params.id}`
    // @ts-expect-error the result has no id
    const create: OwnHandlers['createUser'] = ({ body }) => ({ name: body.name })
    const handlers = { listUsers: list, getUser: get, createUser: create }
    expect(() => service(own, { clients, settings, resources, handlers })).not.toThrow()
  })

  it('needs neither settings nor resources', () => {
    type Plain = Handlers<typeof own.operations, typeof clients>
    const get: Plain['getUser'] = ({ params, clients: others }) => others.users.getUser({ params })
    // @ts-expect-error no such operation
    const wrong: Plain['getUsr'] = get
    expectTypeOf<Parameters<typeof get>[0]['params']>().toEqualTypeOf<{ id: number }>()
    expect(wrong).toBe(get)
  })
})

describe('asyncDispose', () => {
  it('returns a Promise, not a PromiseLike', () => {
    type Closed<Value extends { [Symbol.asyncDispose](): unknown }> = ReturnType<Value[typeof Symbol.asyncDispose]>
    expectTypeOf<Closed<ReturnType<typeof clientOf<typeof users>>>>().toEqualTypeOf<Promise<void>>()
    expectTypeOf<Closed<TestApp<typeof users>>>().toEqualTypeOf<Promise<void>>()
  })
})

describe('a mistake in one operation', () => {
  it('is one compiler error where it stands, and all operations keep their types', () => {
    const write = (): void => {
      const broken = contract('broken-service', {
        fine: { route: 'POST /fine/:id', params: { id: t.Integer() }, body: User, returns: t.Integer() },
        error: {
          route: 'POST /error',
          body: User,
          returns: t.String(),
          errors: [
            NotFound,
            // @ts-expect-error no class of error
            'Conflict',
            Conflict,
          ],
        },
        status: {
          route: 'POST /status',
          body: User,
          returns: t.String(),
          // @ts-expect-error a number
          status: '201',
        },
        number: {
          route: 'POST /number',
          body: User,
          returns: t.String(),
          // @ts-expect-error misspelt, with a number
          timeout: 5,
        },
        flag: {
          route: 'POST /flag',
          body: User,
          returns: t.String(),
          // @ts-expect-error misspelt, with a boolean
          deprecatd: true,
        },
        word: {
          route: 'POST /word',
          body: User,
          returns: t.String(),
          // @ts-expect-error not one of the words
          idempotent: 'by-key',
        },
        tags: {
          route: 'POST /tags',
          body: User,
          returns: t.String(),
          // @ts-expect-error not a list of texts
          tags: ['a', 1],
        },
        method: {
          // @ts-expect-error an unknown method
          route: 'FETCH /method',
          body: User,
          returns: t.String(),
        },
      })
      service(broken, {
        handlers: {
          fine: ({ params, body }) => params.id + body.id,
          error: ({ body }) => body.name,
          status: ({ body }) => body.name,
          number: ({ body }) => body.name,
          flag: ({ body }) => body.name,
          word: ({ body }) => body.name,
          tags: ({ body }) => body.name,
          method: ({ body }) => body.name,
        },
      })
    }
    expect(write).toThrow(
      'broken-service.error: errors[1] must be an error class that extends HttpError, like NotFound',
    )
  })

  it('is one compiler error where it stands, also when an operation is not an object', () => {
    const write = (): void => {
      const broken = contract('broken-service', {
        fine: { route: 'POST /fine/:id', params: { id: t.Integer() }, body: User, returns: t.Integer() },
        // @ts-expect-error a number
        number: 5,
        // @ts-expect-error a route alone
        route: 'GET /route',
        nothing: null, // a compiler error here would cost the other operations their types
        // @ts-expect-error no field of an operation
        unknown: { path: '/unknown' },
      })
      service(broken, {
        handlers: {
          fine: ({ params, body }) => params.id + body.id,
          number: ({ log }) => log.info('number'),
          route: ({ log }) => log.info('route'),
          nothing: ({ log }) => log.info('nothing'),
          unknown: ({ log }) => log.info('unknown'),
        },
      })
    }
    expect(write).toThrow("broken-service.number: expected an operation such as { route: 'GET /users' }, got 5")
    for (const [operation, shown] of [
      [null, 'null'],
      ['GET /route', '"GET /route"'],
      [undefined, 'undefined'],
    ]) {
      expect(() => contract('broken-service', { one: operation as never })).toThrow(
        `one: expected an operation such as { route: 'GET /users' }, got ${shown}`,
      )
    }
  })
})

/** Never called: it only has to not compile. */
export function wrong(client: Client<typeof users>): void {
  // @ts-expect-error an unknown method
  contract('a', { x: { route: 'FETCH /users' } })
  // @ts-expect-error a body on GET
  contract('a', { x: { route: 'GET /users', body: User } })
  // @ts-expect-error a path parameter without its schema
  contract('a', { x: { route: 'GET /users/:id/:role', params: { id: t.Integer() } } })
  // @ts-expect-error a schema without its path parameter
  contract('a', { x: { route: 'GET /users', params: { id: t.Integer() } } })
  // @ts-expect-error a field that operations do not have
  contract('a', { x: { route: 'GET /users', return: User } })
  // @ts-expect-error a priority that there is not
  contract('a', { x: { route: 'GET /users', priority: 'high' } })

  const pinger = contract('pinger', { ping: { route: 'GET /ping', returns: t.Object({ ok: t.Boolean() }) } })
  // @ts-expect-error a handler is missing
  service(pinger, { handlers: {} })
  // @ts-expect-error a handler too many
  service(pinger, { handlers: { ping: () => ({ ok: true }), pong: () => ({ ok: true }) } })
  const order = contract('orders', {
    state: {
      route: 'GET /orders/:id',
      params: { id: t.Integer() },
      returns: t.Object({ state: t.Union([t.Literal('open'), t.Literal('paid')]) }),
    },
  })
  // A text is the literal that the contract asks for, without `as const`.
  service(order, { handlers: { state: () => ({ state: 'open' }) } })
  service(order, { handlers: { state: async ({ params }) => ({ state: params.id > 1 ? 'open' : 'paid' }) } })
  // @ts-expect-error another text
  service(order, { handlers: { state: () => ({ state: 'lost' }) } })
  // @ts-expect-error a handler returns something else
  service(pinger, { handlers: { ping: () => ({ ok: 'yes' }) } })
  // @ts-expect-error an undeclared client
  service(pinger, { handlers: { ping: ({ clients }) => clients.users.getUser({ params: { id: 1 } }) } })

  // @ts-expect-error a rate limit of an unknown operation
  contract('a', { x: { route: 'GET /users', rateLimit: { limit: 1, windowMs: 1000 } } })
  // @ts-expect-error a rate limit without a window
  contract('a', { x: { route: 'GET /users', rateLimit: { key: 'ip', limit: 1 } } })
  const limited = contract('limited', {
    ping: { route: 'GET /ping', rateLimit: { key: 'user', limit: 1, windowMs: 1000 } },
    pong: { route: 'GET /pong', rateLimit: { key: { header: 'x-api-key' }, limit: 1, windowMs: 1000 } },
  })
  const handlers = { ping() {}, pong() {} }
  service(limited, {
    handlers,
    rateLimits: { store: 'postgres', keys: { user: ({ headers }) => headers.authorization } },
  })
  // @ts-expect-error without the key that the contract names
  service(limited, { handlers, rateLimits: { keys: {} } })
  // @ts-expect-error a key that it does not name
  service(limited, { handlers, rateLimits: { keys: { user: () => 'a', account: () => 'b' } } })
  // @ts-expect-error a key that is no text
  service(limited, { handlers, rateLimits: { keys: { user: () => ({}) } } })
  // @ts-expect-error a store that there is not
  service(pinger, { handlers: { ping: () => ({ ok: true }) }, rateLimits: { store: 'redis' } })

  // @ts-expect-error without its input
  void client.getUser()
  // @ts-expect-error a string for a number
  void client.getUser({ params: { id: '1' } })
  // @ts-expect-error a field too many
  void client.createUser({ body: { name: 'a', admin: true } })
  // @ts-expect-error an operation that is not there
  void client.getRole({ params: { id: 1 } })
}

/** Never called: it only has to compile. */
export function ownService<Of extends Contract>(of: Of, options: ServiceOptions<Of['operations']>): unknown {
  return service(of, options)
}
