// A service whose data is divided by region. Users of Sichuan are stored in Sichuan.
import { contract, service, t } from 'tricube'
import { bucketMoves } from 'tricube/sql'

const profileService = contract('profile-service', {
  saveProfile: {
    route: 'PUT /profiles/:name',
    headers: { 'x-region': t.String() },
    body: t.Object({ text: t.String() }),
  },
  getProfile: {
    route: 'GET /profiles/:name',
    headers: { 'x-region': t.String() },
    returns: t.Object({ text: t.String() }),
  },
  countProfiles: {
    route: 'GET /profiles',
    returns: t.Object({ total: t.Integer(), unreachable: t.Array(t.String()) }),
  },
})

const { BEIJING_URL = 'postgres://localhost/beijing', SICHUAN_URL = 'postgres://localhost/sichuan' } = process.env

export default service(profileService, {
  migrations: new URL('./migrations/', import.meta.url),
  database: {
    shards: {
      key: ({ headers }) => headers['x-region'] as string | undefined,
      map: { beijing: BEIJING_URL, sichuan: SICHUAN_URL },
    },
  },
  handlers: {
    // `db` is the shard of the request's region. A request for a region without a shard gets a 400.
    async saveProfile({ params: { name }, body: { text }, db }) {
      await db.execute`
        INSERT INTO profiles ${db.values({ name, text })} ON CONFLICT (name) DO UPDATE SET text = ${text}`
    },

    getProfile: ({ params, db }) => db.one<{ text: string }>`SELECT text FROM profiles WHERE name = ${params.name}`,

    // All shards at once. If one is down, the other results are still there.
    async countProfiles({ db }) {
      const results = await db.shards.each((shard) => shard.value<number>`SELECT count(*) FROM profiles`)
      return {
        total: results.reduce((sum, result) => sum + (result.status === 'fulfilled' ? result.value : 0), 0),
        unreachable: results.filter(({ status }) => status === 'rejected').map(({ shard }) => shard),
      }
    },
  },
})

/** Counts the buckets that would move if Guangdong got a shard. Keys are divided by hash over 64 buckets. */
export function plannedMoves(): number {
  return bucketMoves(['beijing', 'sichuan'], ['beijing', 'sichuan', 'guangdong'], 64).length
}
