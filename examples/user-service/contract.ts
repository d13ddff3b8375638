import { contract, NotFound, t, UnprocessableEntity } from 'tricube'
import { insertSchema, selectSchema } from 'tricube/models'
import { City } from '../region-service/contract.ts'
import { Role } from '../role-service/contract.ts'
import { users } from './models.ts'

export const User = selectSchema(users, {}, { $id: 'User' })

const UserDetail = t.Object(
  { ...t.Omit(User, ['city_id', 'role_id']).properties, city: City, role: Role },
  { $id: 'UserDetail' },
)

export const NewUser = t.Omit(
  insertSchema(users, {
    name: { minLength: 1, examples: ['Li Lei'] },
    age: { minimum: 0, maximum: 150, examples: [32] },
  }),
  ['create_time'],
  { $id: 'NewUser' },
)

export const userService = contract('user-service', {
  createUser: {
    route: 'POST /users',
    summary: 'create a user',
    description: 'The city and the role have to exist in their services.',
    tags: ['users'],
    body: NewUser,
    returns: t.Object({ id: t.Integer() }),
    errors: [UnprocessableEntity],
  },
  listUsers: {
    route: 'GET /users',
    summary: 'list users, the oldest first',
    tags: ['users'],
    query: { name: t.Optional(t.String({ description: 'part of the name' })) },
    paginated: true,
    returns: User,
  },
  getUser: {
    route: 'GET /users/:id',
    summary: 'get a user with city and role',
    tags: ['users'],
    params: { id: t.Integer() },
    returns: UserDetail,
    errors: [NotFound],
  },
  updateUser: {
    route: 'PUT /users/:id',
    summary: 'replace a user',
    tags: ['users'],
    params: { id: t.Integer() },
    body: NewUser,
    returns: User,
    errors: [NotFound, UnprocessableEntity],
  },
  deleteUser: {
    route: 'DELETE /users/:id',
    summary: 'delete a user',
    tags: ['users'],
    params: { id: t.Integer() },
    errors: [NotFound],
  },
})
