import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { BadRequest, contract, NotFound, service, t } from 'tricube'
import { testService, TestFailure } from 'tricube/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const City = t.Object({ id: t.Integer(), name: t.String() })
const cityService = contract('city-service', {
  getCity: { route: 'GET /cities/:id', params: { id: t.Integer() }, returns: City },
  listCities: { route: 'GET /cities', paginated: true, returns: City },
})
const otherService = contract('other-service', { ping: { route: 'GET /ping' } })
const guideService = contract('guide-service', {
  describe: { route: 'GET /guide/:id', params: { id: t.Integer() }, returns: t.Object({ text: t.String() }) },
  forgive: { route: 'GET /forgiving', returns: t.Object({ text: t.String() }) },
  names: { route: 'GET /names', returns: t.Array(t.String()) },
  fail: { route: 'GET /failing', returns: t.Object({ text: t.String() }) },
  sloppy: { route: 'GET /sloppy', returns: t.Object({ at: t.String({ format: 'date-time' }), text: t.String() }) },
})
const guide = service(guideService, {
  clients: { cities: cityService },
  handlers: {
    async describe({ params, clients }) {
      const { name } = await clients.cities.getCity({ params })
      return { text: `This is ${name}` }
    },
    async forgive({ clients }) {
      const city = await clients.cities.getCity({ params: { id: 1 } }).catch(() => undefined)
      return { text: city?.name ?? 'somewhere' }
    },
    async names({ clients }) {
      const { items } = await clients.cities.listCities({ query: { size: 2 } })
      return items.map(({ name }) => name)
    },
    fail: () => ({ text: ([] as string[])[0]!.trim() }),
    sloppy: () => ({ at: 'yesterday', text: 'a' }),
  },
})

const start = (): ReturnType<typeof testService<typeof guideService>> =>
  testService(guide, { config: { logLevel: 'silent' } })

describe('a mock', () => {
  it('returns a value, throws an error or runs a function, and records its calls', async () => {
    await using app = await start()
    const { getCity, listCities } = app.mock(cityService)
    getCity.returns({ id: 1, name: 'Chengdu' })
    expect((await app.client.describe({ params: { id: 1 } })).data).toEqual({ text: 'This is Chengdu' })
    getCity.implement(({ params }) => ({ id: params.id, name: `city ${params.id}` }))
    expect((await app.client.describe({ params: { id: 7 } })).data).toEqual({ text: 'This is city 7' })
    getCity.throws(new NotFound('city 9'))
    await expect(app.client.describe({ params: { id: 9 } })).rejects.toThrow(NotFound)
    expect(getCity.calls).toEqual([{ params: { id: 1 } }, { params: { id: 7 } }, { params: { id: 9 } }])

    listCities.returns({ items: [{ id: 1, name: 'a' }], total: 1 })
    expect((await app.client.names()).data).toEqual(['a'])
  })

  it('records the span of the call like a real one', async () => {
    await using app = await start()
    const { getCity } = app.mock(cityService)
    getCity.returns({ id: 1, name: 'Chengdu' })
    await app.client.describe({ params: { id: 1 } })
    getCity.throws(new NotFound('city 9'))
    await app.client.describe({ params: { id: 9 } }).catch(() => {})
    getCity.throws(new TypeError('a bug'))
    await app.client.describe({ params: { id: 9 } }).catch(() => {})

    const requests = app.spans.filter(({ name }) => name === 'describe')
    const calls = app.spans.filter(({ kind }) => kind === 'client')
    expect(calls.map(({ parentId }) => parentId)).toEqual(requests.map(({ id }) => id))
    const { startedAt, durationMs } = requests[0]!
    expect(calls[0]!.startedAt).toBeGreaterThanOrEqual(startedAt)
    expect(calls[0]!.durationMs).toBeLessThanOrEqual(durationMs)
    const recorded = calls.map(({ name, attributes, errorType }) => ({ name, errorType, ...attributes }))
    const call = {
      name: 'city-service.getCity',
      errorType: undefined,
      'http.request.method': 'GET',
      'url.template': '/cities/:id',
      'peer.service': 'city-service',
      'http.response.status_code': 200,
    }
    const { 'http.response.status_code': _, ...withoutStatus } = call
    expect(recorded).toEqual([
      call,
      { ...call, 'http.response.status_code': 404, errorType: '404', 'error.type': '404' },
      { ...withoutStatus, errorType: 'TypeError', 'error.type': 'TypeError' },
    ])
  })

  it('fails the test with its name if it is called unprepared, even if the handler catches the error', async () => {
    await using app = await start()
    const failure = new TestFailure(
      'city-service.getCity was called, but the test has not mocked it: add app.mock(…).getCity.returns(…)',
    )
    await expect(app.client.describe({ params: { id: 1 } })).rejects.toThrow(failure)
    await expect(app.client.forgive()).rejects.toThrow(failure)
    await expect(app.inject('/forgiving')).rejects.toThrow(failure)
  })

  it('fails the test if its value breaks the contract', async () => {
    await using app = await start()
    const { getCity, listCities } = app.mock(cityService)
    getCity.returns({ id: '1', name: 'Chengdu' } as never)
    await expect(app.client.describe({ params: { id: 1 } })).rejects.toThrow(
      new TestFailure('city-service.getCity: the mock returned what the contract does not allow: id must be integer'),
    )
    listCities.returns([] as never)
    await expect(app.client.names()).rejects.toThrow(
      new TestFailure(
        'city-service.listCities: the mock returned what the contract does not allow: the operation is paginated, return { items, total }',
      ),
    )
  })

  it('fails the test if its input is invalid', async () => {
    const wrong = service(guideService, {
      clients: { cities: cityService },
      handlers: {
        ...guide.definition.handlers,
        describe: async ({ clients }: { clients: any }) => clients.cities.getCity({ params: { id: 'one' } }),
      } as never,
    })
    await using app = await testService(wrong, { config: { logLevel: 'silent' } })
    app.mock(cityService).getCity.returns({ id: 1, name: 'a' })
    await expect(app.client.describe({ params: { id: 1 } })).rejects.toThrow(
      new TestFailure('city-service.getCity was called with invalid params: id must be integer'),
    )
  })

  it('exists only for services that are called', async () => {
    await using app = await start()
    expect(() => app.mock(otherService)).toThrow('guide-service does not call other-service: add it to its clients')
  })
})

describe('a service under test', () => {
  it('fails the test if a handler breaks the contract', async () => {
    await using app = await start()
    await expect(app.client.sloppy()).rejects.toThrow(
      new TestFailure(
        'guide-service.sloppy: the handler returned what the contract does not allow: at must match format "date-time"',
      ),
    )
  })

  it("rejects with the caller's error, and has the thrown error as its cause", async () => {
    await using app = await start()
    const error = await app.client.fail().catch((error: unknown) => error)
    expect(error).toMatchObject({ status: 500, reason: 'Internal Server Error', cause: { name: 'TypeError' } })
    expect((error as { cause: Error }).cause.stack).toContain('testService.test.ts')
  })

  it('rejects close() with a failure that no call has reported', async () => {
    const app = await start()
    await app.fastify.inject('/forgiving') // past the kit
    await expect(app.close()).rejects.toThrow('city-service.getCity was called, but the test has not mocked it')
  })

  it('returns status, headers, data and pagination', async () => {
    await using app = await start()
    app.mock(cityService).getCity.returns({ id: 1, name: 'a' })
    const response = await app.client.describe({ params: { id: 1 } })
    expect(response).toMatchObject({ status: 200, data: { text: 'This is a' }, pagination: undefined })
    expect(response.headers['content-type']).toBe('application/json; charset=utf-8')
    await expect(app.client.describe({ params: { id: 'x' as never } })).rejects.toThrow(BadRequest)
  })

  it('has no database unless it declares one', async () => {
    await using app = await start()
    expect(() => app.db).toThrow('guide-service has no database: set database or migrations')
  })
})

describe('its database', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tricube-kit-'))
    await mkdir(join(folder, 'migrations'))
    const create = 'CREATE TABLE notes (id integer PRIMARY KEY, text text NOT NULL);'
    await writeFile(join(folder, 'migrations/0001_create_notes.up.sql'), create)
    await writeFile(
      join(folder, 'seed.sql'),
      `INSERT INTO notes VALUES (1, 'first'); INSERT INTO notes VALUES (2, 'second');`,
    )
  })
  afterAll(() => rm(folder, { recursive: true }))

  const notes = contract('note-service', {
    list: { route: 'GET /notes', returns: t.Array(t.Object({ id: t.Integer(), text: t.String() })) },
    add: { route: 'POST /notes', body: t.Object({ id: t.Integer(), text: t.Optional(t.String()) }) },
  })
  const noteService = (): ReturnType<typeof service<typeof notes>> =>
    service(notes, {
      migrations: pathToFileURL(join(folder, 'migrations/')),
      seed: pathToFileURL(join(folder, 'seed.sql')),
      handlers: {
        list: ({ db }) => db.many<{ id: number; text: string }>`SELECT * FROM notes ORDER BY id`,
        async add({ body, db }) {
          await db.execute`INSERT INTO notes ${db.values(body)}`
        },
      },
    })

  it('is new, migrated and optionally seeded', async () => {
    const app = noteService()
    await using first = await testService(app, { seed: true })
    await using second = await testService(app)
    expect((await first.client.list()).data).toHaveLength(2)
    expect((await second.client.list()).data).toEqual([])
    await second.client.add({ body: { id: 3, text: 'third' } })
    expect(await second.db.value`SELECT count(*) FROM notes`).toBe(1)
    expect(await first.db.value`SELECT count(*) FROM notes`).toBe(2)
  })

  it('exists once per shard', async () => {
    const { handlers, migrations } = noteService().definition
    const sharded = service(notes, {
      migrations: migrations!,
      handlers: handlers as never,
      database: {
        shards: {
          key: ({ headers }) => String(headers['x-region']),
          map: { beijing: 'postgres://a/b', sichuan: 'postgres://c/d' },
        },
      },
    })
    await using app = await testService(sharded)
    const headers = { 'x-region': 'sichuan' }
    await app.inject({ method: 'POST', url: '/notes', payload: { id: 1, text: 'a' }, headers })
    expect((await app.inject({ url: '/notes', headers })).json().data).toEqual([{ id: 1, text: 'a' }])
    expect((await app.inject({ url: '/notes', headers: { 'x-region': 'beijing' } })).json().data).toEqual([])
    const nowhere = await app.inject({ url: '/notes', headers: { 'x-region': 'atlantis' } })
    expect([nowhere.statusCode, nowhere.json().error]).toEqual([400, 'no such shard: atlantis'])
    const counts = await app.db.shards.each((shard) => shard.value<number>`SELECT count(*) FROM notes`)
    expect(counts.map(({ shard, ...result }) => [shard, 'value' in result && result.value])).toEqual([
      ['beijing', 0],
      ['sichuan', 1],
    ])
  })

  it('turns constraint errors into HTTP errors without SQL', async () => {
    await using app = await testService(noteService())
    await app.client.add({ body: { id: 1, text: 'a' } })
    const again = await app.inject({ method: 'POST', url: '/notes', payload: { id: 1, text: 'a' } })
    expect([again.statusCode, again.json()]).toEqual([
      409,
      { code: 40900, message: 'Conflict', error: 'notes_pkey already exists' },
    ])
    const missing = await app.inject({ method: 'POST', url: '/notes', payload: { id: 2 } })
    expect([missing.statusCode, missing.json().error]).toEqual([422, 'text is required'])
    const large = await app.inject({ method: 'POST', url: '/notes', payload: { id: 2 ** 40, text: 'a' } })
    expect(large.statusCode).toBe(400)
    expect(large.body).not.toContain('INSERT')
  })
})
