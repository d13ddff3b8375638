/** The option `token`: on which calls it is, and what happens when the service rejects it. */
import { contract, service, t } from 'tricube'
import { client } from 'tricube/client'
import { fetchClient } from 'tricube/client/fetch'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

const notes = contract(
  'note-service',
  {
    me: { route: 'GET /me', returns: t.String() },
    create: { route: 'POST /notes', body: t.Object({ text: t.String() }), returns: t.String() },
    ping: { route: 'GET /ping', auth: 'public', returns: t.String() },
  },
  { auth: 'user' },
)

/** A service that accepts the tokens of a set, and notes the URLs and tokens that it gets. */
async function start(valid: Set<string>) {
  const seen: string[] = []
  const app = service(notes, {
    admission: false,
    log: { level: 'silent' },
    auth: {
      user({ headers, url }) {
        const token = headers.authorization?.slice('Bearer '.length)
        seen.push(`${url} ${token}`)
        return token !== undefined && valid.has(token) ? { id: token } : undefined
      },
    },
    handlers: {
      me: ({ user }) => user.id,
      create: ({ user, body }) => `${user.id}: ${body.text}`,
      ping: ({ request }) => String(request.headers.authorization),
    },
  })
  onTestFinished(() => app.close())
  return { url: (await app.listen()).url, seen }
}

const kinds = ['client', 'fetchClient'] as const
function made(
  kind: (typeof kinds)[number],
  url: string,
  token: (rejected?: string) => string | undefined | Promise<string | undefined>,
) {
  if (kind === 'fetchClient') return fetchClient(notes, { url, token })
  const own = client(notes, { url, token })
  onTestFinished(() => own[Symbol.asyncDispose]())
  return own
}

describe.each(kinds)('the option token of %s', (kind) => {
  it('is in the header of each call, and in no URL; public operations get none', async () => {
    const { url, seen } = await start(new Set(['a']))
    const own = made(kind, url, async () => Promise.resolve('a'))
    expect([await own.me(), await own.create({ body: { text: 'x' } }), await own.ping()]).toEqual([
      'a',
      'a: x',
      'undefined',
    ])
    expect((await own.me.raw()).value).toBe('a')
    expect(seen).toEqual(['/me a', '/notes a', '/me a'])
  })

  it('is renewed once after a 401, for all calls that wait', async () => {
    const { url } = await start(new Set(['new']))
    const source = vi.fn((rejected?: string) => (rejected === undefined ? 'old' : 'new'))
    const own = made(kind, url, source)
    const calls = [own.me(), own.create({ body: { text: 'x' } }), own.me(), own.me()]
    expect(await Promise.all(calls)).toEqual(['new', 'new: x', 'new', 'new'])
    expect(source.mock.calls.filter(([rejected]) => rejected === 'old')).toHaveLength(1)
  })

  it.each([
    ['is rejected again', 'worse', 2],
    ['is the same again', 'old', 1],
    ['is not there', undefined, 1],
  ] as const)('that %s is a 401', async (_, renewed, attempts) => {
    const { url, seen } = await start(new Set())
    const own = made(kind, url, (rejected) => (rejected === undefined ? 'old' : renewed))
    await expect(own.me()).rejects.toMatchObject({ status: 401 })
    expect(seen).toHaveLength(attempts)
  })

  it('gives way to a token of the call, which is not renewed', async () => {
    const { url, seen } = await start(new Set(['a']))
    const own = made(kind, url, () => 'a')
    await expect(own.me({}, { headers: { Authorization: 'Bearer own' } })).rejects.toMatchObject({ status: 401 })
    expect(seen).toEqual(['/me own'])
  })

  it('whose function fails makes the call fail with its error', async () => {
    const { url, seen } = await start(new Set())
    await expect(made(kind, url, () => Promise.reject(new Error('logged out'))).me()).rejects.toThrow('logged out')
    expect(seen).toEqual([])
  })

  it('must be a function', () => {
    expect(() => made(kind, 'http://127.0.0.1:1', 'a' as never)).toThrow('token: expected a function, got "a"')
  })
})
