import { Conflict, NotFound } from 'tricube'
import { testService, type TestApp } from 'tricube/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { regionService } from './contract.ts'
import service from './service.ts'

let app: TestApp<typeof regionService>
beforeAll(async () => {
  app = await testService(service, { seed: true })
})
afterAll(() => app.close())

it('knows eight cities, each with its province', async () => {
  const { data } = await app.client.listCities()
  expect(data).toHaveLength(8)
  expect(data[2]).toEqual({ id: 3, name: 'Chengdu', province: { id: 3, name: 'Sichuan' } })
})

it('creates a province and a city in it', async () => {
  const { data: province } = await app.client.createProvince({ body: { name: 'Yunnan' } })
  const { data: city } = await app.client.createCity({ body: { name: 'Kunming', province_id: province.id } })
  expect(city).toEqual({ id: city.id, name: 'Kunming', province })
  expect((await app.client.getCity({ params: { id: city.id } })).data).toEqual(city)
})

it('has no city in a province that does not exist', async () => {
  await expect(app.client.createCity({ body: { name: 'Atlantis', province_id: 99 } })).rejects.toThrow(Conflict)
  await expect(app.client.getCity({ params: { id: 99 } })).rejects.toThrow(NotFound)
})
