import { Conflict, NotFound } from 'tricube'
import { testService, type TestApp } from 'tricube/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { roleService } from './contract.ts'
import service from './service.ts'

let app: TestApp<typeof roleService>
beforeAll(async () => {
  app = await testService(service, { seed: true })
})
afterAll(() => app.close())

it('has the roles that it was seeded with', async () => {
  const { data } = await app.client.listRoles()
  expect(data).toEqual([
    { id: 1, name: 'admin' },
    { id: 2, name: 'editor' },
    { id: 3, name: 'viewer' },
  ])
})

it('creates a role once', async () => {
  const { data } = await app.client.createRole({ body: { name: 'auditor' } })
  expect((await app.client.getRole({ params: { id: data.id } })).data).toEqual({ id: data.id, name: 'auditor' })
  await expect(app.client.createRole({ body: { name: 'auditor' } })).rejects.toThrow(Conflict)
})

it('does not know every role', async () => {
  await expect(app.client.getRole({ params: { id: 99 } })).rejects.toThrow(NotFound)
})
