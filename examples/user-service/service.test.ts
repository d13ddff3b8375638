import { NotFound, ServiceUnavailable, UnprocessableEntity } from 'tricube'
import { testService, type TestApp } from 'tricube/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { regionService } from '../region-service/contract.ts'
import { roleService } from '../role-service/contract.ts'
import type { userService } from './contract.ts'
import service from './service.ts'

const city = { id: 2, name: 'Shanghai', province: { id: 2, name: 'Shanghai' } }
const role = { id: 1, name: 'admin' }
const liLei = { name: 'Li Lei', age: 32, city_id: 2, role_id: 1 }

let app: TestApp<typeof userService>
beforeAll(async () => {
  app = await testService(service, { config: { logLevel: 'silent' } })
})
afterAll(() => app.close())
beforeEach(async () => {
  await app.db.execute`TRUNCATE users RESTART IDENTITY`
  app.mock(regionService).getCity.returns(city)
  app.mock(roleService).getRole.returns(role)
})

describe('a user', () => {
  it('comes with city and role', async () => {
    const { data: created } = await app.client.createUser({ body: liLei })
    expect(created).toEqual({ id: 1 })
    const { data } = await app.client.getUser({ params: created })
    expect(data).toEqual({ id: 1, name: 'Li Lei', age: 32, create_time: expect.any(String), city, role })
    expect(Math.abs(Date.parse(data.create_time) - Date.now())).toBeLessThan(60_000)
    expect(app.mock(regionService).getCity.calls.at(-1)).toEqual({ params: { id: 2 } })
  })

  it('is replaced and deleted', async () => {
    await app.client.createUser({ body: liLei })
    const { data } = await app.client.updateUser({ params: { id: 1 }, body: { ...liLei, age: 33 } })
    expect(data).toMatchObject({ id: 1, age: 33 })
    await app.client.deleteUser({ params: { id: 1 } })
    await expect(app.client.getUser({ params: { id: 1 } })).rejects.toThrow(NotFound)
    await expect(app.client.deleteUser({ params: { id: 1 } })).rejects.toThrow(NotFound)
    await expect(app.client.updateUser({ params: { id: 1 }, body: liLei })).rejects.toThrow(NotFound)
  })

  it('is rejected with an unknown city or role', async () => {
    app.mock(regionService).getCity.throws(new NotFound('city 2'))
    const refused = { status: 422, error: 'city 2 does not exist' }
    await expect(app.client.createUser({ body: liLei })).rejects.toMatchObject(refused)
    await expect(app.client.updateUser({ params: { id: 1 }, body: liLei })).rejects.toThrow(UnprocessableEntity)
    app.mock(regionService).getCity.returns(city)
    app.mock(roleService).getRole.throws(new NotFound('role 1'))
    await expect(app.client.createUser({ body: liLei })).rejects.toMatchObject({ error: 'role 1 does not exist' })
  })

  it('is not shown without its city', async () => {
    await app.client.createUser({ body: liLei })
    app.mock(regionService).getCity.throws(new ServiceUnavailable('region-service is unavailable', { code: 50300 }))
    await expect(app.client.getUser({ params: { id: 1 } })).rejects.toMatchObject({ status: 503, code: 50300 })
  })
})

describe('the list of users', () => {
  beforeEach(async () => {
    const users = Array.from({ length: 45 }, (_, i) => ({ ...liLei, name: i % 9 === 0 ? `Han ${i}` : `Li ${i}` }))
    await app.db.execute`INSERT INTO users ${app.db.values(users)}`
  })

  it('is paginated', async () => {
    const first = await app.client.listUsers()
    expect(first.data).toHaveLength(20)
    expect(first.pagination).toEqual({ page: 1, size: 20, total: 45 })
    const last = await app.client.listUsers({ query: { page: 5, size: 10 } })
    expect(last.data.map(({ id }) => id)).toEqual([41, 42, 43, 44, 45])
  })

  it('can be searched by a part of the name, with any characters', async () => {
    const { data, pagination } = await app.client.listUsers({ query: { name: 'hAN', size: 2 } })
    expect(data.map(({ name }) => name)).toEqual(['Han 0', 'Han 9'])
    expect(pagination.total).toBe(5)
    for (const name of ['%', "'; DROP TABLE users; --", '_']) {
      expect((await app.client.listUsers({ query: { name } })).pagination.total).toBe(0)
    }
  })
})
