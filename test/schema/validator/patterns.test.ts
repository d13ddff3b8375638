import { contract, service, t } from 'tricube'
import { testService } from 'tricube/testing'
import { describe, expect, it } from 'vitest'

/** What the start of a service says to a body with this pattern; undefined when it starts. */
async function rejection(options: { pattern: string; maxLength?: number }): Promise<string | undefined> {
  const things = contract('thing-service', {
    putThing: { route: 'PUT /thing', body: t.Object({ x: t.String(options) }) },
  })
  try {
    const app = await testService(service(things, { handlers: { putThing() {} } }))
    await app.close()
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

describe('a slow pattern is rejected when the service starts', () => {
  it.each([
    '^(a+)+$',
    '^(a|a)*$',
    '^(a|ab|b)*$',
    '^(\\w+\\s?)*$',
    '^((a*)?b)*$',
    '(x+x+)+y',
    '^(([a-z])+.)+[A-Z]([a-z])+$',
    '^(?=(a+)+$)a',
  ])('%s: exponential', async (pattern) => {
    expect(await rejection({ pattern, maxLength: 23 })).toBe(
      `thing-service.putThing: body.x: pattern "${pattern}" can take exponential time in the length of the text: ` +
        'give it maxLength: 22 or less, or let no two repetitions take the same characters',
    )
    expect(await rejection({ pattern, maxLength: 22 })).toBeUndefined()
  })

  it.each([
    ['^\\d+\\d+$', 2, 2048],
    ['\\s+$', 2, 2048],
    ['^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$', 2, 2048],
    ['^.*,.*,.*$', 3, 161],
  ])('%s: a power', async (pattern, power, most) => {
    expect(await rejection({ pattern })).toContain(`can take time to the power of ${power} in the length of the text`)
    expect(await rejection({ pattern, maxLength: most })).toBeUndefined()
  })

  it.each([
    '^[a-z0-9]+(-[a-z0-9]+)*$',
    '^[\\w.+-]+@[\\w-]+(\\.[\\w-]+)+$',
    '^-?(?:0|[1-9]\\d*)(?:\\.\\d+)?(?:[eE][-+]?\\d+)?$',
    '^(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)(?:\\.(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)){3}$',
    '^[a-z]{1,63}(\\.[a-z]{1,63})*$',
    '^(?=.*\\d)(?=.*[a-z]).{8,64}$',
    '^-?0*\\d{1,10}(\\.\\d{1,2}0*)?$',
    '^\\p{L}+$',
    '^([a-z]+,)*[a-z]+$',
    '[a-z]+',
  ])('%s: linear, and taken', async (pattern) => {
    expect(await rejection({ pattern })).toBeUndefined()
  })

  it('also for field names, in a query and in a list', async () => {
    const start = (operation: object): Promise<unknown> => {
      const things = contract('thing-service', { a: { route: 'POST /a', ...operation } })
      return testService(service(things, { handlers: { a() {} } }))
    }
    const pattern = '^(a+)+$'
    await expect(start({ body: t.Record(t.String({ pattern }), t.Integer()) })).rejects.toThrow('exponential time')
    await expect(start({ query: { q: t.String({ pattern }) } })).rejects.toThrow('thing-service.a: query.q: pattern')
    await expect(start({ body: t.Array(t.Union([t.Null(), t.String({ pattern })])) })).rejects.toThrow(
      'body[]: pattern',
    )
  })
})
