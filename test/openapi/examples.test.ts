import { expect, it } from 'vitest'
import regionService from '../../examples/region-service/service.ts'
import roleService from '../../examples/role-service/service.ts'
import userService from '../../examples/user-service/service.ts'
import { openapiDocument } from 'tricube'
import { problemsOf } from './validate.ts'

it.each([regionService, roleService, userService])(
  'describes the example $name, each body by an example',
  async (app) => {
    const document = openapiDocument(app.definition.contract)
    expect(await problemsOf(document)).toEqual([])
    expect(bodiesWithoutExample(document)).toEqual([])
  },
)

function bodiesWithoutExample(node: unknown, path = ''): string[] {
  if (typeof node !== 'object' || node === null) return []
  return Object.entries(node).flatMap(([key, value]) => {
    if (key !== 'application/json') return bodiesWithoutExample(value, `${path}/${key}`)
    return 'example' in value || 'examples' in value ? [] : [path]
  })
}
