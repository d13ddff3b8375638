/** Code around handlers: its order, its types, what it may change, and what it costs where there is none. */
import { contract, Forbidden, NotFound, resource, service, t, type Context } from 'tricube'
import { testService } from 'tricube/testing'
import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest'

const User = t.Object({ id: t.Integer(), name: t.String() })
const roles = contract('role-service', {
  getRole: { route: 'GET /roles/:id', params: { id: t.Integer() }, returns: t.String() },
})
const users = contract('user-service', {
  getUser: { route: 'GET /users/:id', params: { id: t.Integer() }, returns: User },
  createUser: { route: 'POST /users', body: t.Object({ name: t.String() }), returns: User, idempotent: 'by key' },
})

/** Of a library: knows nothing of the service that it is used in. */
function telling(events: string[], name: string) {
  return async function tell<Output>({ operation }: Context, next: () => Promise<Output>): Promise<Output> {
    events.push(`${name} ${operation} begins`)
    try {
      return await next()
    } finally {
      events.push(`${name} ends`)
    }
  }
}

const handlers = {
  getUser: ({ params: { id } }: { params: { id: number } }) => ({ id, name: 'Ada' }),
  createUser: ({ body: { name } }: { body: { name: string } }) => ({ id: 1, name }),
}

async function started(tested: Parameters<typeof testService<typeof users>>[0]) {
  const app = await testService(tested, { config: { logLevel: 'silent' } })
  onTestFinished(() => app.close())
  return app
}

describe('code around handlers', () => {
  it('runs in order: around of the service, around of the operation, the handler, and back', async () => {
    const events: string[] = []
    const app = await started(
      service(users, {
        models: {},
        around: [telling(events, 'first'), telling(events, 'second')],
        operations: { getUser: { around: [telling(events, 'own')] } },
        handlers: { ...handlers, getUser: (ctx) => (events.push('handler'), handlers.getUser(ctx)) },
      }),
    )
    expect((await app.client.getUser({ params: { id: 7 } })).data).toEqual({ id: 7, name: 'Ada' })
    expect(events).toEqual([
      ...['first getUser begins', 'second getUser begins', 'own getUser begins'],
      ...['handler', 'own ends', 'second ends', 'first ends'],
    ])
    events.length = 0
    await app.client.createUser({ body: { name: 'Bo' } })
    expect(events).toEqual(['first createUser begins', 'second createUser begins', 'second ends', 'first ends'])
  })

  it('has the types of operations, clients and resources', async () => {
    const tenants = resource({ open: () => ({ nameOf: (id: number) => `tenant ${id}` }) })
    const app = await started(
      service(users, {
        models: {},
        clients: { roles },
        resources: { tenants },
        around: [
          async (ctx, next) => {
            expectTypeOf(ctx.operation).toEqualTypeOf<'getUser' | 'createUser'>()
            if (ctx.operation === 'createUser') {
              expectTypeOf(ctx.body).toEqualTypeOf<{ name: string }>()
              return next()
            }
            expectTypeOf(ctx.params.id).toEqualTypeOf<number>()
            const role = await ctx.clients.roles.getRole({ params: { id: ctx.params.id } })
            const user = await next()
            expectTypeOf(user).toEqualTypeOf<{ id: number; name: string }>()
            return { ...user, name: `${user.name}, ${role} of ${ctx.tenants.nameOf(ctx.params.id)}` }
          },
        ],
        operations: {
          createUser: {
            around: [
              async (ctx, next) => {
                expectTypeOf(ctx.operation).toEqualTypeOf<'createUser'>()
                return ctx.body.name === '' ? { id: 0, name: 'nobody' } : next()
              },
            ],
          },
        },
        handlers: {
          getUser: ({ params }) => ({ id: params.id, name: 'Ada' }),
          createUser: ({ body }) => ({ id: 1, name: body.name }),
        },
      }),
    )
    app.mock(roles).getRole.returns('admin')
    expect((await app.client.getUser({ params: { id: 7 } })).data.name).toBe('Ada, admin of tenant 7')
    expect((await app.client.createUser({ body: { name: '' } })).data).toEqual({ id: 0, name: 'nobody' })
  })

  it('may reject, may replace an error, and catches errors that a handler throws synchronously', async () => {
    const app = await started(
      service(users, {
        models: {},
        around: [
          async ({ request }, next) => {
            if (request.headers['x-user'] === undefined) throw new Forbidden('who are you?')
            return next().catch((error: Error) => {
              throw new NotFound(error.message)
            })
          },
        ],
        handlers: {
          ...handlers,
          getUser() {
            throw new Error('thrown at once')
          },
        },
      }),
    )
    await expect(app.client.getUser({ params: { id: 1 } })).rejects.toThrow(Forbidden)
    const replaced = await app.inject({ url: '/users/1', headers: { 'x-user': '1' } })
    expect(replaced.json()).toMatchObject({ code: 40400, error: 'thrown at once' })
  })

  it('runs on each attempt of a call with an idempotency key', async () => {
    const events: string[] = []
    let runs = 0
    const app = await started(
      service(users, {
        models: {},
        around: [telling(events, 'audit')],
        handlers: { ...handlers, createUser: ({ body }) => ({ id: ++runs, name: body.name }) },
      }),
    )
    for (let i = 0; i < 2; i++) {
      const response = await app.client.createUser({ body: { name: 'Bo' } }, { idempotencyKey: 'k' })
      expect(response.data.id).toBe(1)
    }
    expect(events.filter((event) => event.includes('begins'))).toHaveLength(2)
  })

  it.each([
    [{ around: () => 1 }, 'user-service: around: expected a list of functions (ctx, next) => …, got a function'],
    [{ around: [5] }, 'user-service: around[0]: expected a function, got 5'],
    [{ operations: { getUsr: {} } }, 'user-service: unknown option operations.getUsr, expected createUser, getUser'],
    [
      { operations: { getUser: { around: [{}] } } },
      'user-service: operations.getUser.around[0]: expected a function, got an object',
    ],
    [
      { operations: { getUser: { arround: [] } } },
      'user-service: unknown option operations.getUser.arround, expected around',
    ],
  ])('is checked when the service is defined: %j', (options, message) => {
    expect(() => service(users, { models: {}, handlers, ...(options as {}) })).toThrow(message)
  })
})
