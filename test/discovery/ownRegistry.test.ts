import { contract, service, t } from 'tricube'
import type { Instance, Registry } from 'tricube/discovery'
import { expect, it, vi } from 'vitest'

const roleService = contract('role-service', { role: { route: 'GET /role', returns: t.String() } })
const userService = contract('user-service', { user: { route: 'GET /user', returns: t.String() } })

/** A registry in this process, as a user writes one. */
function inMemory(): Registry & { readonly known: Set<Instance> } {
  const known = new Set<Instance>()
  const watchers = new Set<() => void>()
  const change = (): void => watchers.forEach((tell) => tell())
  return {
    known,
    async register(instance) {
      known.add(instance)
      change()
      return async () => {
        known.delete(instance)
        change()
      }
    },
    watch(name, onChange) {
      const tell = (): void => onChange([...known].filter((instance) => instance.service === name))
      watchers.add(tell)
      tell()
      return () => watchers.delete(tell)
    },
  }
}

const handlers = { role: () => 'admin' }

it('services find each other with a registry of your own', async () => {
  const registry = inMemory()
  const roles = service(roleService, { registry, handlers })
  const users = service(userService, {
    registry,
    clients: { roles: roleService },
    handlers: { user: async ({ clients }) => `Li Lei, ${await clients.roles.role()}` },
  })
  await roles.listen()
  const { url } = await users.listen()
  expect([...registry.known].map((instance) => instance.service)).toEqual(['role-service', 'user-service'])
  expect(await (await fetch(`${url}/user`)).json()).toEqual({ code: 0, data: 'Li Lei, admin' })

  await roles.close()
  expect([...registry.known].map((instance) => instance.service)).toEqual(['user-service'])
  expect((await fetch(`${url}/user`)).status).toBe(503)
  await users.close()
  expect(registry.known.size).toBe(0)
})

it('addresses in the configuration come first', async () => {
  const roles = service(roleService, { handlers })
  const registry = inMemory()
  vi.stubEnv('TRICUBE_SERVICES', `role-service=${new URL((await roles.listen()).url).host}`)
  const users = service(userService, {
    registry,
    clients: { roles: roleService },
    handlers: { user: ({ clients }) => clients.roles.role() },
  })
  const { url } = await users.listen()
  expect(await (await fetch(`${url}/user`)).json()).toEqual({ code: 0, data: 'admin' })
  vi.unstubAllEnvs()
  await Promise.all([users.close(), roles.close()])
})

it.each([[{}], ['consul'], [{ register() {} }]])('rejects %j as a registry', (registry) => {
  expect(() => service(roleService, { registry: registry as never, handlers })).toThrow(
    /^role-service: registry: expected a registry such as consulRegistry\(…\), got /,
  )
})
