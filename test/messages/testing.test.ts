import { contract, service, t } from 'tricube'
import { type TestApp, testService, testSystem } from 'tricube/testing'
import { afterEach, beforeEach, describe } from 'vitest'
import { type Row, testMessages } from './row.ts'

const City = t.Object({ id: t.Integer(), name: t.String() })
const cityContract = contract('city-service', {
  getCity: { route: 'GET /cities/:id', params: { id: t.Integer() }, returns: City },
  listCities: { route: 'GET /cities', paginated: true, returns: City },
})
const otherContract = contract('other-service', { ping: { route: 'GET /ping' } })
const guideContract = contract('guide-service', {
  describe: { route: 'GET /guide/:id', params: { id: t.Integer() }, returns: t.String() },
  count: { route: 'GET /count', returns: t.Integer() },
  sloppy: { route: 'GET /sloppy', returns: t.Object({ at: t.String({ format: 'date-time' }) }) },
})
const guide = service(guideContract, {
  clients: { cities: cityContract },
  handlers: {
    describe: async ({ params, clients }) => (await clients.cities.getCity({ params: { id: params.id / 2 } })).name,
    count: async ({ clients }) => (await clients.cities.listCities()).total,
    sloppy: () => ({ at: 'yesterday' }),
  },
})
const cities = service(cityContract, {
  handlers: { getCity: () => ({ id: 1, name: '' }), listCities: () => ({ items: [], total: 0 }) },
})

let app: TestApp<typeof guideContract>

beforeEach(async () => {
  app = await testService(guide, { config: { logLevel: 'silent' } })
})

afterEach(async () => {
  await app.close()
})

const tests: readonly Row<() => unknown>[] = [
  [
    'leaves out the unit of the limit of a run',
    () => app.run(() => 1, { timeout: 5 } as never),
    'run: unknown option timeout, expected name, signal, timeoutMs; did you mean timeoutMs?',
  ],
  [
    'misspells the limit of a detached context',
    () => app.run((ctx) => ctx.detached({ timeoutMS: 5 } as never)),
    'detached: unknown option timeoutMS, expected timeoutMs; did you mean timeoutMs?',
  ],
  [
    'leaves out the unit of the time that jobs run for',
    () => app.runJobs({ for: 5 } as never),
    'runJobs: unknown option for, expected forMs; did you mean forMs?',
  ],
  [
    'has not mocked a call',
    () => app.client.describe({ params: { id: 2 } }),
    'city-service.getCity was called, but the test has not mocked it: add app.mock(…).getCity.returns(…)',
  ],
  [
    'mocks a value that breaks the contract',
    () => {
      app.mock(cityContract).getCity.returns({ id: 1.5, name: '' })
      return app.client.describe({ params: { id: 2 } })
    },
    'city-service.getCity: the mock returned what the contract does not allow: id must be integer',
  ],
  [
    'mocks a page without a total',
    () => {
      app.mock(cityContract).listCities.returns([] as never)
      return app.client.count()
    },
    'city-service.listCities: the mock returned what the contract does not allow: the operation is paginated, return { items, total }',
  ],
  [
    'calls a mock with invalid params',
    () => {
      app.mock(cityContract).getCity.returns({ id: 1, name: '' })
      return app.client.describe({ params: { id: 3 } })
    },
    'city-service.getCity was called with invalid params: id must be integer',
  ],
  [
    'runs a handler that breaks the contract',
    () => app.client.sloppy(),
    'guide-service.sloppy: the handler returned what the contract does not allow: at must match format "date-time"',
  ],
  [
    'misspells an operation of a mock',
    () => (app.mock(cityContract) as never as { getCty: { returns(city: object): void } }).getCty.returns({}),
    'city-service has no operation getCty, expected getCity, listCities; did you mean getCity?',
  ],
  [
    'misspells a method of a mock',
    () => (app.mock(cityContract).getCity as never as { return(city: object): void }).return({}),
    'city-service.getCity: a mock has no return, expected calls, returns, responds, throws, implement; did you mean returns?',
  ],
  [
    'misspells an operation of the client',
    () => (app.client as never as { descrive(): unknown }).descrive(),
    'guide-service has no operation descrive, expected describe, count, sloppy; did you mean describe?',
  ],
  [
    'misspells a service of a system',
    async () => {
      await using system = await testSystem({ cities }, { cities: { config: { logLevel: 'silent' } } })
      return (system as never as { citie: { client: object } }).citie.client
    },
    'testSystem has no service citie, expected cities; did you mean cities?',
  ],
  [
    'mocks a service that is not called',
    () => app.mock(otherContract),
    'guide-service does not call other-service: add it to its clients',
  ],
  [
    'reads the database of a service without one',
    () => app.db,
    'guide-service has no database: set database or migrations',
  ],
  [
    'runs the jobs of a service without jobs',
    () => app.runJobs(),
    'runJobs: this service has no jobs, set jobs and jobHandlers',
  ],
  [
    'replaces a resource that does not exist',
    () => testService(guide, { resources: { printer: {} } }),
    'guide-service has no resource printer to replace',
  ],
  [
    'has a service twice',
    () => testSystem({ one: cities, two: cities }),
    'testSystem: one and two are the same service, city-service',
  ],
  [
    'has options for an unknown service',
    () => testSystem({ cities }, { guides: {} } as never),
    'testSystem: unknown service "guides" in options, expected cities',
  ],
  [
    'names a service close',
    () => testSystem({ close: cities } as never),
    'testSystem: a service cannot be named close, which stops the system',
  ],
]

describe('what you read when a test', () => {
  testMessages(tests, (run) => run())
})
