import { expect, test } from 'vitest'
import { DatabaseError, httpErrorOf } from 'tricube/sql'

test.each([
  ['23505', { constraint: 'users_name_key' }, 409, 40900, 'users_name_key already exists'],
  ['23503', { constraint: 'users_city_id_fkey' }, 409, 40900, 'users_city_id_fkey is violated'],
  ['23P01', { constraint: 'bookings_excl' }, 409, 40900, 'bookings_excl already exists'],
  ['23514', { constraint: 'users_age_check' }, 422, 42200, 'users_age_check is violated'],
  ['23502', { column: 'name' }, 422, 42200, 'name is required'],
  ['22P02', { parameter: 2 }, 400, 40000, 'parameter 2: message'],
  ['22021', {}, 400, 40000, 'message'],
  ['54000', {}, 400, 40000, 'message'],
  ['40001', {}, 409, 40900, 'changed by another request at the same time'],
  ['40P01', {}, 409, 40900, 'changed by another request at the same time'],
  ['08006', { mayHaveRun: true }, 503, 50301, 'database'],
  ['08001', {}, 503, 50301, 'database'],
  ['53300', {}, 503, 50301, 'database'],
  ['57P03', {}, 503, 50301, 'database'],
  ['57014', {}, 504, 50400, 'database'],
] as const)('%s', (sqlstate, fields, status, code, detail) => {
  const cause = new DatabaseError(sqlstate, 'message', fields)
  expect(httpErrorOf(cause)).toMatchObject({ status, code, error: detail, cause })
})

test.each(['42601', '42P01', 'P0002', '22012', '25000', 'XX000'])('%s is a fault of the service', (sqlstate) => {
  expect(httpErrorOf(new DatabaseError(sqlstate, 'message'))).toBeUndefined()
})

test('other errors are not database errors', () => {
  expect(httpErrorOf(new Error('x'))).toBeUndefined()
  expect(httpErrorOf('x')).toBeUndefined()
})
