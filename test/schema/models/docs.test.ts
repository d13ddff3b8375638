import { readFile } from 'node:fs/promises'
import { expect, expectTypeOf, test } from 'vitest'
import { NewUser, userService, UserPatch, type User } from './example/contract.ts'

function read(path: string): Promise<string> {
  return readFile(new URL(path, import.meta.url), 'utf8')
}

test('docs/models.md has the example that is compiled here', async () => {
  const page = await read('../../../docs/models.md')
  expect(page).toContain(await read('example/models.ts'))
  expect(page).toContain(await read('example/contract.ts'))
  expect(Object.keys(userService.operations)).toEqual(['createUser', 'changeUser', 'listUsers'])
})

test('Pick and Omit keep the rules and take their own $id', () => {
  expect(JSON.parse(JSON.stringify(NewUser))).toEqual({
    $id: 'NewUser',
    type: 'object',
    additionalProperties: false,
    required: ['name', 'age'],
    properties: {
      name: { type: 'string', minLength: 1, maxLength: 128 },
      age: { type: 'integer', minimum: 0, maximum: 150, description: 'in years' },
      nickname: { type: ['string', 'null'], maxLength: 20 },
    },
  })
  expect(JSON.parse(JSON.stringify(UserPatch))).toMatchObject({
    $id: 'UserPatch',
    additionalProperties: false,
    minProperties: 1,
  })
  expectTypeOf<User>().toEqualTypeOf<{
    id: number
    name: string
    age: number
    nickname: string | null
    create_time: string
  }>()
})
