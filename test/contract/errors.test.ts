import { BadRequest, Conflict, HttpError, NotFound } from 'tricube'
import { expect, it } from 'vitest'

it('has its detail as message, and sends the reason phrase of its status', () => {
  const error = new NotFound('user 7')
  expect([error.message, error.reason, error.error]).toEqual(['user 7', 'Not Found', 'user 7'])
  expect(String(error)).toBe('NotFound: user 7')
  expect(error.stack).toMatch(/^NotFound: user 7\n {4}at .*errors\.test\.ts/)
})

it.each<[unknown, string]>([
  [undefined, 'Conflict'],
  ['', 'Conflict'],
  [{ field: 'name' }, 'Conflict: {"field":"name"}'],
  [['a', 'b'], 'Conflict: ["a","b"]'],
  [0, 'Conflict: 0'],
  [null, 'Conflict: null'],
  [10n, 'Conflict: 10'],
  ['x'.repeat(2000), 'x'.repeat(2000)],
  [{ long: 'x'.repeat(2000) }, `Conflict: {"long":"${'x'.repeat(491)}…`],
])('shows details that are not strings, case %#', (detail, message) => {
  expect(new Conflict(detail).message).toBe(message)
})

it('names the invalid fields of a request', () => {
  const problems = [
    { in: 'body', path: 'name', message: 'is required' },
    { in: 'body', path: '', message: 'must be an object' },
  ]
  expect(new BadRequest(problems).message).toBe('Bad Request: body.name is required; body must be an object')
})

it('sends the message of its options, and names the operation that failed', () => {
  const error = new Conflict('taken', { message: 'Name Taken', operation: 'role-service.addRole' })
  expect([error.message, error.reason]).toEqual(['role-service.addRole: taken', 'Name Taken'])
  expect(new HttpError(419).message).toBe('HTTP 419')
})
