import { sendError, sendJson } from '../server/respond.ts'
import type { Route } from '../server/router.ts'
import type { ManagedService } from '../dashboardOptions.ts'
import type { DeclaredWork, EventWithSubscribers, ShownWork } from '../model/declaredWork.ts'

/** Starts, stops and restarts services, and reads their settings. */
export function serviceRoutes(services: () => readonly ManagedService[]): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/services/:name/settings',
      for: 'page',
      async handle({ response, params: { name } }) {
        const service = services().find(({ state }) => state.name === name)
        if (!service) return sendError(response, 404, `no service is named ${name}`)
        sendJson(response, await service.settings())
      },
    },
    {
      method: 'GET',
      path: '/api/services/:name/work',
      for: 'page',
      handle({ response, params: { name } }) {
        const all = services()
        const work = all.find(({ state }) => state.name === name)?.work ?? noWork
        const events = work.events.map((event) => ({ ...event, subscribers: subscribersOf(name!, event.name, all) }))
        sendJson(response, { ...work, events } satisfies ShownWork)
      },
    },
    {
      method: 'POST',
      path: '/api/services/:name/:action',
      for: 'page',
      async handle({ response, params: { name, action } }) {
        const service = services().find(({ state }) => state.name === name)
        if (!service) return sendError(response, 404, `no service is named ${name}`)
        if (action !== 'start' && action !== 'stop' && action !== 'restart') {
          return sendError(response, 404, 'an action is start, stop or restart')
        }
        await service[action]()
        sendJson(response, service.state)
      },
    },
  ]
}

const noWork: DeclaredWork = { events: [], subscriptions: [], jobs: [] }

function subscribersOf(
  publisher: string,
  event: string,
  services: readonly ManagedService[],
): EventWithSubscribers['subscribers'] {
  return services.flatMap(({ state, work = noWork }) =>
    work.subscriptions
      .filter((subscription) => subscription.publisher === publisher && subscription.event === event)
      .map(({ name }) => ({ service: state.name, name })),
  )
}
