import type { FastifyInstance, onRequestHookHandler, RouteHandlerMethod } from 'fastify'
import type { Operations } from '../../contract/operation.ts'
import { parseRoute } from '../../contract/route.ts'
import type { PreSerialization } from './preSerialization.ts'

/** What happens to the requests of an operation. */
export interface OperationPlot {
  /** Before the body is read. */
  readonly onRequest: onRequestHookHandler[]
  readonly handler: RouteHandlerMethod
}

/**
 * Adds a route for each operation.
 *
 * They are added as a plugin, behind all that have been registered by then: those see each route in their `onRoute`.
 */
export function addRoutes(
  fastify: FastifyInstance,
  operations: Operations,
  plotOf: (name: string) => OperationPlot,
  preSerialization: PreSerialization,
): void {
  const routes = Object.entries(operations).map(([name, { route }]) => {
    const { method, path } = parseRoute(route)
    return { method, url: path, config: { operation: name }, ...plotOf(name) }
  })
  fastify.register((instance, _options, done) => {
    preSerialization.watchRoutes(instance)
    for (const route of routes) instance.route(route)
    done()
  })
}
