import { NotFound, service, type Static } from 'tricube'
import { sql } from 'tricube/sql'
import { type City, type Province, regionService } from './contract.ts'
import * as models from './models.ts'

type ProvinceRow = Static<typeof Province>
type CityRow = Static<typeof City>

const selectCities = sql`
  SELECT c.id, c.name, json_build_object('id', p.id, 'name', p.name) AS province
  FROM cities c JOIN provinces p ON p.id = c.province_id`

export default service(regionService, {
  port: 8050,
  models,
  migrations: new URL('./migrations/', import.meta.url),
  seed: new URL('./seed.sql', import.meta.url),
  handlers: {
    createProvince({ body, db }) {
      return db.one<ProvinceRow>`INSERT INTO provinces ${db.values(body)} RETURNING id, name`
    },

    createCity({ body, db }) {
      return db.transaction(async (tx) => {
        const { id } = await tx.one<{ id: number }>`INSERT INTO cities ${tx.values(body)} RETURNING id`
        return tx.one<CityRow>`${selectCities} WHERE c.id = ${id}`
      })
    },

    listCities({ db }) {
      return db.many<CityRow>`${selectCities} ORDER BY c.id`
    },

    async getCity({ params, db }) {
      const city = await db.maybeOne<CityRow>`${selectCities} WHERE c.id = ${params.id}`
      if (!city) throw new NotFound(`city ${params.id}`)
      return city
    },
  },
})
