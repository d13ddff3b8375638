import { contract, NotFound, service, t } from 'tricube'
import { client } from 'tricube/client'
import { parseServices, staticRegistry, type Instance, type Registry } from 'tricube/discovery'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const whoContract = contract('who-service', {
  who: { route: 'GET /who', returns: t.String() },
  never: { route: 'GET /never/:id', params: { id: t.Integer() }, returns: t.String(), errors: [NotFound] },
})

function who(name: string): ReturnType<typeof service<typeof whoContract>> {
  return service(whoContract, {
    handlers: {
      who: () => name,
      never({ params }) {
        throw new NotFound(`never ${params.id}`)
      },
    },
  })
}

const running: { close(): Promise<void> }[] = []
beforeEach(() => {
  process.env['LOG_LEVEL'] = 'silent'
})
afterEach(async () => {
  for (const one of running.splice(0)) await one.close()
})

async function listen(name: string): Promise<string> {
  const app = who(name)
  running.push(app)
  return new URL((await app.listen()).url).host
}

describe('a client outside of a service', () => {
  it('calls a service from a script', async () => {
    const registry = staticRegistry({ 'who-service': [await listen('a')] })
    await using caller = client(whoContract, { registry })
    expect(await caller.who()).toBe('a')
    await expect(caller.never({ params: { id: 7 } })).rejects.toMatchObject({ status: 404, error: 'never 7' })
  })

  it('spreads its calls over the instances', async () => {
    const registry = staticRegistry({ 'who-service': [await listen('a'), await listen('b'), await listen('c')] })
    await using caller = client(whoContract, { registry, balancer: 'round-robin' })
    const names = await Promise.all(Array.from({ length: 9 }, () => caller.who()))
    expect(names.sort()).toEqual(['a', 'a', 'a', 'b', 'b', 'b', 'c', 'c', 'c'])
  })

  it('uses the instances that the registry has at that moment', async () => {
    const registry = memoryRegistry()
    await using caller = client(whoContract, { registry })
    registry.set([])
    await expect(caller.who()).rejects.toMatchObject({ code: 50300, error: 'who-service has no instance' })
    registry.set([await listen('a')])
    expect(await caller.who()).toBe('a')
    registry.set([await listen('b')])
    expect([await caller.who(), await caller.who()]).toEqual(['b', 'b'])
  })

  it('rejects a missing path parameter before it sends anything', async () => {
    await using caller = client(whoContract, { registry: staticRegistry({}) })
    await expect(caller.never({ params: {} } as never)).rejects.toThrow(
      new TypeError('who-service.never: params.id is required, got undefined'),
    )
  })

  it.each(['.', '..'])('rejects %j as a path parameter, which would lead to another path', async (id) => {
    await using caller = client(whoContract, { registry: staticRegistry({}) })
    await expect(caller.never({ params: { id } } as never)).rejects.toThrow(
      new TypeError(`who-service.never: params.id must not be "." or "..", got "${id}"`),
    )
  })

  it('rejects an invalid header value before it sends anything', async () => {
    await using caller = client(whoContract, { registry: staticRegistry({ 'who-service': [await listen('a')] }) })
    await expect(caller.who({}, { region: 'a\r\nb: c' })).rejects.toThrow(
      new TypeError('who-service.who: headers.x-region must not have the character U+000D'),
    )
    await expect(caller.who({}, { idempotencyKey: '键' })).rejects.toThrow(
      new TypeError('who-service.who: headers.idempotency-key must not have the character U+952E'),
    )
    expect(await caller.who()).toBe('a')
  })
})

describe('parseServices', () => {
  it('accepts host and port, with IPv6 addresses in brackets', () => {
    expect(parseServices('a=127.0.0.1:1, b=host.example:2,a=[::1]:3,')).toEqual({
      a: ['127.0.0.1:1', '[::1]:3'],
      b: ['host.example:2'],
    })
    let known: readonly Instance[] = []
    staticRegistry({ a: ['[::1]:3'] }).watch('a', (instances) => (known = instances))
    expect(known).toEqual([{ id: 'a@[::1]:3', service: 'a', address: '::1', port: 3 }])
  })

  it.each(['a', 'a=', 'a=host', 'a=host:99999', 'A=host:1', 'a=ho st:1'])('rejects the address %s', (text) => {
    expect(() => parseServices(text)).toThrow(TypeError)
  })
})

function memoryRegistry(): Registry & { set(addresses: string[]): void } {
  let update: (instances: readonly Instance[]) => void = () => {}
  return {
    register: () => Promise.resolve(() => Promise.resolve()),
    watch(_service, onChange) {
      update = onChange
      return () => {}
    },
    set(addresses) {
      update(
        addresses.map((text) => ({
          id: text,
          service: 'who-service',
          address: '127.0.0.1',
          port: Number(text.split(':')[1]),
        })),
      )
    },
  }
}
