// contract.ts
import { contract, t, type Static } from 'tricube'
import { insertSchema, selectSchema, updateSchema } from 'tricube/models'
import { users } from './models.ts'

const rules = { name: { minLength: 1 }, age: { minimum: 0, maximum: 150, description: 'in years' } }

export const NewUser = t.Omit(insertSchema(users, rules), ['id', 'create_time'], { $id: 'NewUser' })
export const UserPatch = t.Pick(updateSchema(users, rules), ['name', 'age', 'nickname'], { $id: 'UserPatch' })
export const User = selectSchema(users, {}, { $id: 'User' })
export type User = Static<typeof User>

export const userService = contract('user-service', {
  createUser: { route: 'POST /users', status: 201, body: NewUser, returns: t.Pick(User, ['id']) },
  changeUser: { route: 'PATCH /users/:id', params: { id: t.Integer() }, body: UserPatch, returns: User },
  listUsers: { route: 'GET /users', paginated: true, returns: User },
})
