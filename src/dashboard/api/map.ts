import type { ManagedService } from '../dashboardOptions.ts'
import { mapOf, type DeclaredService } from '../model/mapOf.ts'
import type { ServiceMap } from '../model/serviceMap.ts'
import { sendJson } from '../server/respond.ts'
import type { Route } from '../server/router.ts'
import type { Store } from '../store/store.ts'

/** How often the map is made, in milliseconds: it looks at every span. */
const everyMs = 2000

/** The map of the services, from the traces that are kept. */
export function mapRoute(store: Store, services: () => readonly DeclaredService[]): Route {
  let made: { readonly atMs: number; readonly map: ServiceMap } | undefined
  return {
    method: 'GET',
    path: '/api/map',
    for: 'page',
    handle({ response }) {
      const now = performance.now()
      if (!made || now - made.atMs > everyMs)
        made = { atMs: now, map: mapOf(store.traces.newest(mostTraces), services()) }
      sendJson(response, made.map)
    },
  }
}

/** The newest traces say how things are now. */
const mostTraces = 1000

/** What services declare, and those of which only traces or lines are known. */
export function declaredOf(managed: readonly ManagedService[], others: readonly string[]): DeclaredService[] {
  const known = new Set(managed.map(({ state }) => state.name))
  return [
    ...managed.map(({ state: { name }, calls = [], work }) => ({
      name,
      calls,
      publishers: (work?.subscriptions ?? []).map(({ publisher }) => publisher),
    })),
    ...others.filter((name) => !known.has(name)).map((name) => ({ name, calls: [], publishers: [] })),
  ]
}
