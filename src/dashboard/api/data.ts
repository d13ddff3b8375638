import type { ManagedService } from '../dashboardOptions.ts'
import { sessionsOf, tableOf, tablesOf } from '../data/catalog.ts'
import { connectionsOf } from '../data/connections.ts'
import type { DashboardDatabase } from '../data/database.ts'
import { outcomeOf } from '../data/failure.ts'
import { rowsOf, type RowQuery } from '../data/rows.ts'
import { addressOf, withSession } from '../data/session.ts'
import { explain, runSql } from '../data/sql.ts'
import type { Connections, DatabaseRow } from '../model/data.ts'
import { statementsOf } from '../model/statements.ts'
import { BodyError, readJson } from '../server/body.ts'
import { sendError, sendJson } from '../server/respond.ts'
import type { Route, RouteRequest } from '../server/router.ts'
import type { Store } from '../store/store.ts'
import { numberOf } from './traces.ts'

/** The sources of the data view. */
export interface DataSources {
  readonly store: Store
  readonly services: () => readonly ManagedService[]
  readonly databases: () => Promise<readonly DashboardDatabase[]>
}

/** The databases of services: their tables, rows, migrations, connections and statements. */
export function dataRoutes({ store, services, databases }: DataSources): Route[] {
  /** A route about one database, with a response of JSON. */
  const route = (
    method: Route['method'],
    path: string,
    work: (database: DashboardDatabase, request: RouteRequest) => Promise<unknown>,
  ): Route => ({
    method,
    path: `/api/databases/:id/${path}`,
    for: 'page',
    async handle(request) {
      const { response, params } = request
      const database = (await databases()).find((each) => idOf(each) === params['id'])
      if (!database) return sendError(response, 404, `there is no database ${params['id']}`)
      sendJson(response, await work(database, request))
    },
  })
  return [
    {
      method: 'GET',
      path: '/api/databases',
      for: 'page',
      async handle({ response }) {
        sendJson(response, (await databases()).map(rowOf))
      },
    },
    {
      method: 'GET',
      path: '/api/statements',
      for: 'page',
      handle({ response }) {
        sendJson(response, statementsOf(store.traces.newest(mostTraces)))
      },
    },
    route('GET', 'tables', ({ url }) => outcomeOf(withSession({ url }, tablesOf))),
    route('GET', 'tables/:schema/:table', ({ url }, { params }) => {
      const name = { schema: params['schema']!, table: params['table']! }
      return outcomeOf(withSession({ url }, async (session) => (await tableOf(session, name)) ?? noTable))
    }),
    route('GET', 'tables/:schema/:table/rows', ({ url }, request) => {
      const query = rowQueryOf(request)
      return outcomeOf(
        withSession({ url }, async (session) => {
          const table = await tableOf(session, query)
          return table ? rowsOf(session, table.columns, query) : noTable
        }),
      )
    }),
    route('GET', 'migrations', async ({ migrations }) => (migrations ? outcomeOf(migrations()) : [])),
    route('GET', 'connections', async ({ url, service }): Promise<Connections> => {
      const [ofService, sessions] = await Promise.all([
        connectionsOf(services().find(({ state }) => state.name === service)?.state),
        outcomeOf(withSession({ url }, sessionsOf)),
      ])
      return { service: ofService, sessions }
    }),
    route('POST', 'sql', async ({ url }, { request }) => {
      const { text, access } = sqlOf(await readJson(request))
      return runSql(url, text, access)
    }),
    route('POST', 'explain', async ({ url }, { request }) => explain(url, sqlOf(await readJson(request)).text)),
  ]
}

/** The newest traces say how things are now. */
const mostTraces = 5000
const noTable = { failure: 'there is no such table: it was deleted or renamed' }

function idOf({ service, name }: DashboardDatabase): string {
  return `${service}/${name}`
}

function rowOf(database: DashboardDatabase): DatabaseRow {
  const { service, name, role, url, migrations } = database
  return { id: idOf(database), service, name, role, address: addressOf(url), hasMigrations: migrations !== undefined }
}

function rowQueryOf({ params, query }: RouteRequest): RowQuery {
  return {
    schema: params['schema']!,
    table: params['table']!,
    filter: query.get('q') ?? '',
    sort: query.get('sort') ?? '',
    offset: Math.max(0, Math.floor(numberOf(query, 'offset', 0))),
  }
}

function sqlOf(value: unknown): { readonly text: string; readonly access: 'read' | 'write' } {
  const { text, access = 'read' } = (value ?? {}) as { readonly text?: unknown; readonly access?: unknown }
  if (typeof text !== 'string' || (access !== 'read' && access !== 'write')) {
    throw new BodyError(400, 'expected text, and access that is read or write')
  }
  return { text, access }
}
