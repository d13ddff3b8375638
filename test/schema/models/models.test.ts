import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import { contract, service, t, type Static } from 'tricube'
import { insertSchema, selectSchema, updateSchema } from 'tricube/models'
import { testService } from 'tricube/testing'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { everything, users } from './tables.ts'

const ajv = new Ajv({ allErrors: true })
addFormats.default(ajv)

function accepts(schema: object, value: unknown): boolean {
  return ajv.compile(JSON.parse(JSON.stringify(schema)) as object)(value)
}

describe('insertSchema', () => {
  const NewUser = insertSchema(
    users,
    { name: { minLength: 1, description: 'as on the passport' }, age: { minimum: 0, maximum: 150 } },
    { $id: 'NewUser' },
  )

  test('is plain JSON Schema with the rules of the table and of the overrides', () => {
    expect(JSON.parse(JSON.stringify(NewUser))).toEqual({
      $id: 'NewUser',
      type: 'object',
      additionalProperties: false,
      required: ['name', 'age'],
      properties: {
        name: { type: 'string', minLength: 1, maxLength: 128, description: 'as on the passport' },
        age: { type: 'integer', minimum: 0, maximum: 150 },
        nickname: { type: ['string', 'null'], maxLength: 20 },
        create_time: { type: 'string', format: 'date-time' },
      },
    })
  })

  test('infers the type of a valid body', () => {
    expectTypeOf<Static<typeof NewUser>>().toEqualTypeOf<{
      name: string
      age: number
      nickname?: string | null
      create_time?: string
    }>()
  })

  test('accepts a schema for a column and keeps null and default of the table', () => {
    const schema = insertSchema(users, { nickname: t.Union([t.Literal('Ann'), t.Literal('Bob')]) })
    expectTypeOf<Static<typeof schema>['nickname']>().toEqualTypeOf<'Ann' | 'Bob' | null | undefined>()
    expect(accepts(schema, { name: 'x', age: 1, nickname: 'Bob' })).toBe(true)
    expect(accepts(schema, { name: 'x', age: 1, nickname: null })).toBe(true)
    expect(accepts(schema, { name: 'x', age: 1, nickname: 'Eve' })).toBe(false)
  })

  test.each([
    ['an unknown field', { name: 'x', age: 1, admin: true }],
    ['a generated column', { name: 'x', age: 1, id: 7 }],
    ['a missing column', { name: 'x' }],
    ['null where the table has none', { name: null, age: 1 }],
    ['more than the column holds', { name: 'x'.repeat(129), age: 1 }],
    ['a number beyond PostgreSQL’s integer', { name: 'x', age: 2 ** 31 }],
    ['a time that is none', { name: 'x', age: 1, create_time: 'yesterday' }],
  ])('rejects %s', (_, body) => {
    expect(accepts(insertSchema(users), body)).toBe(false)
  })

  test('does not compile with an unknown column or keywords that do not fit', () => {
    // @ts-expect-error no such column
    insertSchema(users, { nmae: { minLength: 1 } })
    // @ts-expect-error generated, so callers cannot send it
    insertSchema(users, { id: { minimum: 1 } })
    // @ts-expect-error a number has no minLength
    insertSchema(users, { age: { minLength: 1 } })
    // @ts-expect-error not a table
    expect(() => insertSchema({})).toThrow(TypeError)
  })
})

describe('updateSchema', () => {
  const UserPatch = updateSchema(users, { age: { minimum: 0 } })

  test('has every column optional and requires at least one', () => {
    expectTypeOf<Static<typeof UserPatch>>().toEqualTypeOf<{
      name?: string
      age?: number
      nickname?: string | null
      create_time?: string
    }>()
    expect(accepts(UserPatch, { nickname: null })).toBe(true)
    expect(accepts(UserPatch, {})).toBe(false)
    expect(accepts(UserPatch, { age: -1 })).toBe(false)
    expect(accepts(UserPatch, { id: 1 })).toBe(false)
  })

  test('works with TypeBox’s Pick, Omit and Partial', () => {
    const Renaming = t.Pick(UserPatch, ['name'])
    expectTypeOf<Static<typeof Renaming>>().toEqualTypeOf<{ name?: string }>()
    expect(accepts(Renaming, { name: 'x' })).toBe(true)
    expect(accepts(Renaming, { name: 'x', age: 1 })).toBe(false)
    expect(accepts(t.Omit(insertSchema(users), ['age']), { name: 'x' })).toBe(true)
  })
})

describe('selectSchema', () => {
  const User = selectSchema(users)
  const Everything = selectSchema(everything)

  test('has every column', () => {
    expectTypeOf<Static<typeof User>>().toEqualTypeOf<{
      id: number
      name: string
      age: number
      nickname: string | null
      create_time: string
    }>()
  })

  test('infers the JSON type of each column type', () => {
    expectTypeOf<Static<typeof Everything>>().toEqualTypeOf<{
      id: number
      small: number
      big: number
      huge: number | string
      price: string
      ratio: number
      exact: number
      yes: boolean
      code: string
      note: string | null
      mood: 'sad' | 'ok'
      mood_before: 'sad' | 'ok' | null
      plan: 'free' | 'paid'
      uid: string
      settings: { theme: string }
      extra: unknown
      tags: string[]
      grid: number[][] | null
      day: string
      day_as_date: string
      at: string
      local: string
      hour: string
      raw: Buffer | null
      doubled: number | null
    }>()
  })

  test('describes the JSON form of each column type', () => {
    expect(JSON.parse(JSON.stringify(Everything.properties))).toMatchObject({
      small: { type: 'integer', minimum: -32768, maximum: 32767 },
      big: { type: 'integer', maximum: Number.MAX_SAFE_INTEGER },
      huge: {
        anyOf: [
          { type: 'integer', minimum: -9007199254740991, maximum: 9007199254740991 },
          { type: 'string', pattern: '^-?\\d{1,19}$' },
        ],
      },
      price: { type: 'string' },
      ratio: { type: 'number' },
      code: { type: 'string', maxLength: 3 },
      mood: { type: 'string', enum: ['sad', 'ok'] },
      mood_before: { type: ['string', 'null'], enum: ['sad', 'ok', null] },
      plan: { type: 'string', enum: ['free', 'paid'] },
      uid: { type: 'string', format: 'uuid' },
      extra: {},
      tags: { type: 'array', items: { type: 'string', maxLength: 8 } },
      grid: { type: ['array', 'null'], items: { type: 'array', items: { type: 'integer' } } },
      day: { type: 'string', format: 'date' },
      day_as_date: { type: 'string', format: 'date' },
      at: { type: 'string', format: 'date-time' },
      doubled: { type: ['integer', 'null'] },
    })
  })

  test('is the response of an operation', async () => {
    const row = {
      id: 1,
      small: 2,
      big: 3,
      huge: '9223372036854775807',
      price: '1.50',
      ratio: 0.5,
      exact: 1e300,
      yes: false,
      code: 'abc',
      note: null,
      mood: 'ok',
      mood_before: null,
      plan: 'free',
      uid: '0190b2f5-7a3e-7c4d-8e5f-6a7b8c9d0e1f',
      settings: { theme: 'dark' },
      extra: [1, { a: null }],
      tags: ['a', 'b'],
      grid: [[1], [2]],
      day: '2026-01-31',
      day_as_date: '2026-01-31',
      at: '2026-01-31T10:00:00.123456Z',
      local: '2026-01-31T10:00:00.5',
      hour: '10:00:00',
      raw: null,
      doubled: 4,
    }
    expect(accepts(Everything, row)).toBe(true)
    const rows = contract('row-service', { getRow: { route: 'GET /', returns: Everything } }, { envelope: 'plain' })
    await using app = await testService(service(rows, { handlers: { getRow: () => row as never } }))
    expect((await app.inject('/')).json()).toEqual(row)
  })

  test('is the body and the response of an operation', () => {
    const api = contract('user-service', {
      createUser: { route: 'POST /users', body: insertSchema(users, {}, { $id: 'UserBody' }), returns: User },
    })
    expect(api.operations.createUser.route).toBe('POST /users')
  })
})
