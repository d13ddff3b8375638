import { Conflict, contract, NotFound, t } from 'tricube'
import { insertSchema, selectSchema } from 'tricube/models'
import { cities, provinces } from './models.ts'

export const Province = selectSchema(provinces, {}, { $id: 'Province' })
const NewProvince = insertSchema(provinces, { name: { minLength: 1 } }, { $id: 'NewProvince' })
export const City = t.Object({ id: t.Integer(), name: t.String(), province: Province }, { $id: 'City' })
const NewCity = insertSchema(cities, { name: { minLength: 1 } }, { $id: 'NewCity' })

export const regionService = contract('region-service', {
  createProvince: {
    route: 'POST /provinces',
    summary: 'create a province',
    tags: ['provinces'],
    body: NewProvince,
    returns: Province,
    errors: [Conflict],
  },
  createCity: {
    route: 'POST /cities',
    summary: 'create a city in a province',
    tags: ['cities'],
    body: NewCity,
    returns: City,
    errors: [Conflict],
  },
  listCities: {
    route: 'GET /cities',
    summary: 'list all cities',
    tags: ['cities'],
    returns: t.Array(City),
  },
  getCity: {
    route: 'GET /cities/:id',
    summary: 'get a city with its province',
    tags: ['cities'],
    params: { id: t.Integer() },
    returns: City,
    errors: [NotFound],
  },
})
