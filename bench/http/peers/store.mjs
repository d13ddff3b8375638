/** Statements over pg's pool, prepared by their names, as pg's documentation advises for what is run often. */
import pg from 'pg'

const { DATABASE_URL } = process.env
const columns = 'id, name, age, email, city_id, create_time'
const pool = DATABASE_URL && new pg.Pool({ connectionString: DATABASE_URL })
// Without it an idle connection that is lost ends the process.
pool?.on('error', (error) => console.error(error))

export async function findAccount(id) {
  const { rows } = await pool.query({
    name: 'account',
    text: `SELECT ${columns} FROM accounts WHERE id = $1`,
    values: [id],
  })
  return rows[0]
}

export async function listAccounts(after) {
  const text = `SELECT ${columns} FROM accounts WHERE id > $1 ORDER BY id LIMIT 20`
  const { rows } = await pool.query({ name: 'accounts', text, values: [after] })
  return rows
}

const singular = { cities: 'city', roles: 'role' }

/** Finds a row of `cities` or `roles`; makes one when there is no database, for the work that is calls alone. */
export async function findNamed(table, id) {
  if (!pool) return { id, name: `${singular[table]} ${id}` }
  const { rows } = await pool.query({ name: table, text: `SELECT id, name FROM ${table} WHERE id = $1`, values: [id] })
  return rows[0]
}

export async function addEntry({ name, age, email, city_id }) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const { rows } = await client.query({
      name: 'entry',
      text: 'INSERT INTO entries (name, age, email, city_id) VALUES ($1, $2, $3, $4) RETURNING id',
      values: [name, age, email, city_id],
    })
    await client.query('COMMIT')
    return rows[0]
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}
