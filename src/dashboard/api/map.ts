import { mapOf } from '../model/mapOf.ts'
import type { ServiceMap } from '../model/serviceMap.ts'
import { sendJson } from '../server/respond.ts'
import type { Route } from '../server/router.ts'
import type { Store } from '../store/store.ts'

/** How often the map is made, in milliseconds: it looks at every span. */
const everyMs = 2000

/** The map of the services, from the traces that are kept. */
export function mapRoute(store: Store, services: () => readonly string[]): Route {
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
