/** Calls over persistent connections by undici's fastest function: less than the axios that Nest's documentation wraps. */
import { Injectable } from '@nestjs/common'
import { Pool } from 'undici'

const connect = (url: string | undefined) => (url ? new Pool(url, { connections: 128 }) : undefined)

@Injectable()
export class Callees {
  private readonly cities = connect(process.env.CITIES_URL)
  private readonly roles = connect(process.env.ROLES_URL)

  /** Asks both at the same time. */
  async findProfile(id: number) {
    const [city, role] = await Promise.all([
      get(this.cities!, `/cities/${1 + (id % 8)}`),
      get(this.roles!, `/roles/${1 + (id % 3)}`),
    ])
    return { id, city, role }
  }
}

async function get(pool: Pool, path: string): Promise<unknown> {
  const { statusCode, body } = await pool.request({ method: 'GET', path })
  if (statusCode !== 200) throw new Error(`${path} responded with ${statusCode}`)
  return ((await body.json()) as { data: unknown }).data
}
