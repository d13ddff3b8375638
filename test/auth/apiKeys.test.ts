/** API keys: created, used, revoked and listed, over two instances with one database. */
import fc from 'fast-check'
import { contract, service, t, type ApiKey } from 'tricube'
import { apiKeys, createApiKey, jwt, listApiKeys, revokeApiKey } from 'tricube/auth'
import { testService } from 'tricube/testing'
import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest'
import { isKey, newKey } from '../../src/auth/keys/format.ts'

const Who = t.Object({ id: t.Integer(), name: t.String(), owner: t.String(), scopes: t.Array(t.String()) })
const reports = contract('report-service', {
  who: { route: 'GET /who', auth: 'key', returns: Who },
  run: { route: 'POST /runs', auth: ['user', 'key'], scopes: ['runs:write'], returns: t.String() },
})
const reportService = (key = apiKeys()) =>
  service(reports, {
    admission: false,
    log: { level: 'silent' },
    models: {},
    auth: { key, user: jwt({ issuer: 'https://id.example.com' }) },
    handlers: {
      who(ctx) {
        expectTypeOf(ctx.key).toEqualTypeOf<ApiKey>()
        const { id, name, owner, scopes } = ctx.key
        return { id, name, owner, scopes: [...scopes] }
      },
      run(ctx) {
        expectTypeOf(ctx.key).toEqualTypeOf<ApiKey | undefined>()
        return ctx.user ? `user ${ctx.user.id}` : `key of ${ctx.key!.owner}`
      },
    },
  })

const start = async (key?: ReturnType<typeof apiKeys>) => {
  const app = await testService(reportService(key))
  onTestFinished(() => app.close())
  const who = async (key?: string) => {
    const response = await app.inject({ url: '/who', headers: key === undefined ? {} : { 'x-api-key': key } })
    return { status: response.statusCode, body: response.json() }
  }
  return { app, who }
}
const ofSeven = { name: 'nightly', owner: '7', scopes: ['runs:read', 'runs:write'] }

describe('an API key', () => {
  it('identifies its owner', async () => {
    const { app, who } = await start()
    const { id, key } = await createApiKey(app.db, ofSeven)
    expect(key).toMatch(/^tck_[0-9A-Za-z]{49}$/)
    expect(await who(key)).toMatchObject({ status: 200, body: { data: { id, ...ofSeven } } })
    const run = await app.inject({ method: 'POST', url: '/runs', headers: { 'x-api-key': key } })
    expect(run.json()).toMatchObject({ data: 'key of 7' })
  })

  it('is needed, and each other text is rejected', async () => {
    const { app, who } = await start()
    const { key } = await createApiKey(app.db, ofSeven)
    expect((await who()).body.error).toBe('the request needs an API key in the header x-api-key')
    const wrong = [
      newKey(),
      key.slice(0, -1),
      `${key}A`,
      key.toUpperCase(),
      '',
      ' ',
      `${key},${key}`,
      "' OR true --",
      'tck_',
    ]
    for (const one of wrong) expect([one, (await who(one)).status]).toEqual([one, 401])
    const inQuery = await app.inject({ url: `/who?x-api-key=${key}` })
    expect(inQuery.statusCode).toBe(401)
  })

  it('has scopes, which are cut to those of its owner', async () => {
    let owned = ['runs:write', 'admin']
    const { app, who } = await start(apiKeys({ ownerScopes: (owner) => (owner === '7' ? owned : []) }))
    const { key } = await createApiKey(app.db, ofSeven)
    expect((await who(key)).body.data).toMatchObject({ scopes: ['runs:write'] })
    const run = () => app.inject({ method: 'POST', url: '/runs', headers: { 'x-api-key': key } })
    expect((await run()).statusCode).toBe(200)
    owned = ['admin']
    expect((await run()).statusCode).toBe(403)
    owned = 'runs:writer' as never // a text has includes(), too
    expect((await run()).statusCode).toBe(500)
  })

  it('expires', async () => {
    const { app, who } = await start()
    const { id, key } = await createApiKey(app.db, { ...ofSeven, expiresAt: new Date(Date.now() + 60_000) })
    expect((await who(key)).status).toBe(200)
    await app.db.execute`UPDATE tricube.api_keys SET expires_at = now() WHERE id = ${id}`
    expect((await who(key)).status).toBe(401)
  })

  it('writes its last use, at most once a minute', async () => {
    const { app, who } = await start()
    const { id, key } = await createApiKey(app.db, ofSeven)
    const lastUse = async () => (await listApiKeys(app.db))[0]!.lastUsedAt
    expect(await lastUse()).toBeNull()
    await who(key)
    await expect.poll(lastUse).not.toBeNull()
    const first = await lastUse()
    await Promise.all(Array.from({ length: 20 }, () => who(key)))
    expect(await lastUse()).toBe(first)
    await app.db.execute`UPDATE tricube.api_keys SET last_used_at = now() - interval '61 seconds' WHERE id = ${id}`
    const before = await lastUse()
    await who(key)
    await expect.poll(lastUse).not.toBe(before)
  })

  it('is stored as a digest, and is in no list', async () => {
    const { app } = await start()
    const { key } = await createApiKey(app.db, ofSeven)
    const rows = await app.db.many<{ row: string }>`SELECT api_keys::text AS row FROM tricube.api_keys`
    expect(JSON.stringify(rows)).not.toContain(key.slice(4, -6))
    const [listed] = await listApiKeys(app.db, { owner: '7' })
    expect(listed).toMatchObject({ name: 'nightly', owner: '7', ending: key.slice(-4), revokedAt: null })
    expect(JSON.stringify(listed)).not.toContain(key.slice(4, -6))
    expect(await listApiKeys(app.db, { owner: '8' })).toEqual([])
  })

  it('is revoked at once, for all instances', async () => {
    const { app: first } = await start()
    const databaseUrl = new URL(process.env['TRICUBE_TEST_DATABASE_URL']!)
    databaseUrl.pathname = await first.db.value<string>`SELECT current_database()`
    const second = await testService(reportService(), { config: { databaseUrl: databaseUrl.href } })
    onTestFinished(() => second.close())
    const { id, key } = await createApiKey(first.db, ofSeven)
    const statuses = async () => {
      const request = { url: '/who', headers: { 'x-api-key': key } }
      return [(await first.inject(request)).statusCode, (await second.inject(request)).statusCode]
    }
    expect(await statuses()).toEqual([200, 200])
    expect(await revokeApiKey(first.db, id, { owner: '8' })).toBe(false)
    expect(await statuses()).toEqual([200, 200])
    expect(await revokeApiKey(first.db, id, { owner: '7' })).toBe(true)
    expect(await statuses()).toEqual([401, 401])
  })

  it('is looked up with all others that arrive together, by one statement, and anew for each that comes later', async () => {
    const { app, who } = await start()
    const { id, key } = await createApiKey(app.db, ofSeven)
    const other = await createApiKey(app.db, { ...ofSeven, name: 'other' })
    const names = await Promise.all([key, other.key, newKey(), key].map(who))
    expect(names.map(({ status, body }) => [status, body.data?.name])).toEqual([
      [200, 'nightly'],
      [200, 'other'],
      [401, undefined],
      [200, 'nightly'],
    ])
    const early = who(key)
    const revoked = revokeApiKey(app.db, id)
    await Promise.all([early, revoked])
    expect((await who(key)).status).toBe(401)
  })

  it('that was revoked before a request arrives lets it in never, whatever runs at the same time', async () => {
    const { app, who } = await start()
    for (let round = 0; round < 10; round++) {
      const { id, key } = await createApiKey(app.db, ofSeven)
      let isRevoked = false
      const revoking = revokeApiKey(app.db, id).then(() => (isRevoked = true))
      const late: number[] = []
      do {
        const sentLate = isRevoked
        const { status } = await who(key)
        if (sentLate) late.push(status)
      } while (late.length < 3)
      await revoking
      expect(late).toEqual([401, 401, 401])
    }
  })

  it('is not created without a name, an owner, or with a scope that has a space', async () => {
    const { app } = await start()
    await expect(createApiKey(app.db, { ...ofSeven, name: '' })).rejects.toThrow('an API key needs a name and an owner')
    await expect(createApiKey(app.db, { ...ofSeven, scopes: ['a b'] })).rejects.toThrow('scopes: expected texts')
    for (const expiresAt of [new Date(0), new Date(NaN)])
      await expect(createApiKey(app.db, { ...ofSeven, expiresAt })).rejects.toThrow(
        'expiresAt: expected a time in the future',
      )
  })

  it('has 256 random bits, and a checksum that finds each typing error', () => {
    const keys = new Set(Array.from({ length: 1000 }, () => newKey()))
    expect(keys.size).toBe(1000)
    expect(newKey(Buffer.alloc(32))).toMatch(/^tck_0{43}/)
    expect(newKey(Buffer.alloc(32, 255))).toMatch(/^tck_[0-9A-Za-z]{49}$/)
    const characters = Array.from('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz')
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.nat(52),
        fc.constantFrom(...characters),
        (bits, at, by) => {
          const key = newKey(Buffer.from(bits))
          expect(isKey(key)).toBe(true)
          fc.pre(key[at] !== by)
          expect(isKey(key.slice(0, at) + by + key.slice(at + 1))).toBe(false)
        },
      ),
    )
  })
})

describe('the test kit', () => {
  it('calls by a key without one', async () => {
    const { app } = await start()
    const { data } = await app.as({ key: { id: 3, owner: '9', scopes: ['runs:write'] } }).client.who()
    expect(data).toEqual({ id: 3, name: 'test', owner: '9', scopes: ['runs:write'] })
    await expect(app.as({ key: { id: 3, owner: '9' } }).client.run()).rejects.toMatchObject({ status: 403 })
  })
})

describe('a service with API keys', () => {
  it('takes both a user and a key, and rejects a request with one that is wrong', async () => {
    const { app } = await start()
    const { key } = await createApiKey(app.db, ofSeven)
    const run = async (headers: Record<string, string>) =>
      (await app.inject({ method: 'POST', url: '/runs', headers })).statusCode
    expect(await run({ 'x-api-key': key, authorization: 'Bearer forged' })).toBe(401)
    expect(await run({ authorization: 'Bearer forged' })).toBe(401)
    expect(await run({})).toBe(401)
  })

  it('lets nobody in while it cannot look up a key', async () => {
    const app = await testService(reportService(), { config: { logLevel: 'silent' } })
    onTestFinished(() => app.close())
    const { key } = await createApiKey(app.db, ofSeven)
    await app.db.script('ALTER TABLE tricube.api_keys RENAME TO gone')
    expect((await app.inject({ url: '/who', headers: { 'x-api-key': key } })).statusCode).toBe(500)
  })
})
