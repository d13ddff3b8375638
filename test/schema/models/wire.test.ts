import { randomUUID } from 'node:crypto'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import { insertSchema, selectSchema } from 'tricube/models'
import { migrateCommand } from 'tricube/migrations'
import { database } from 'tricube/sql'
import { expect, test } from 'vitest'
import { folderOf } from '../../migrations/fixture.ts'
import { everything } from './tables.ts'

const ajv = new Ajv({ allErrors: true })
addFormats.default(ajv)

test('accepts rows of the SQL layer, in and out', async () => {
  const server = process.env['TRICUBE_TEST_DATABASE_URL'] as string
  const name = `models_${randomUUID().replaceAll('-', '')}`
  await using admin = await database({ url: server })
  await admin.script(`CREATE DATABASE ${name} STRATEGY file_copy`)
  try {
    const url = Object.assign(new URL(server), { pathname: `/${name}` }).href
    await createTables(url)
    await using db = await database({ url })
    const body = {
      small: 2,
      big: 3,
      huge: '9223372036854775807',
      price: '1.50',
      ratio: 0.5,
      exact: 1e300,
      code: 'abc',
      note: null,
      mood: 'ok',
      plan: 'free',
      settings: { theme: 'dark' },
      extra: { a: [1, null] },
      tags: ['a', 'b'],
      grid: [[1], [2]],
      day: '2026-01-31',
      day_as_date: '2026-01-31',
      at: '2026-01-31T10:00:00.123456Z',
      local: '2026-01-31T10:00:00.5',
      hour: '10:00:00',
    }
    expect(errors(insertSchema(everything), body)).toEqual([])
    const row = await db.one`INSERT INTO everything ${db.values(body)} RETURNING *`
    expect(errors(selectSchema(everything), row)).toEqual([])
    expect(row).toMatchObject({ ...body, id: 1, yes: true, mood_before: null, doubled: 4 })
  } finally {
    await admin.script(`DROP DATABASE ${name} WITH (FORCE)`)
  }
})

/** Makes the tables as a user would: from the models, by migrations. */
async function createTables(url: string): Promise<void> {
  await using place = await folderOf({}, new URL('tables.ts', import.meta.url))
  let printed = ''
  const out = (text: string): void => void (printed += text)
  const run = (...argv: string[]) => migrateCommand([...argv, place.folder, '--url', url], { out, err: out })
  expect(await run('generate', '--name', 'tables'), printed).toBe(0)
  expect(await run('up'), printed).toBe(0)
}

function errors(schema: object, value: unknown): unknown[] {
  const validate = ajv.compile(JSON.parse(JSON.stringify(schema)) as object)
  validate(value)
  return validate.errors ?? []
}
