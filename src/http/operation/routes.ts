import type { FastifyInstance, onRequestHookHandler, RouteHandlerMethod } from 'fastify'
import type { Operations } from '../../contract/operation.ts'
import { parseRoute } from '../../contract/route.ts'
import type { PreSerialization } from './preSerialization.ts'

/** The hooks and the handler of an operation. */
export interface OperationHooks {
  /** Run before the body is read. */
  readonly onRequest: onRequestHookHandler[]
  readonly handler: RouteHandlerMethod
}

/**
 * Adds a route for each operation.
 *
 * They are added as a plugin after all that are registered by then, whose `onRoute` hooks thus see each route.
 */
export function addRoutes(
  fastify: FastifyInstance,
  operations: Operations,
  hooksOf: (name: string) => OperationHooks,
  preSerialization: PreSerialization,
): void {
  const routes = Object.entries(operations).map(([name, { route }]) => {
    const { method, path } = parseRoute(route)
    return { method, url: path, config: { operation: name }, ...hooksOf(name) }
  })
  fastify.register((instance, _options, done) => {
    preSerialization.watchRoutes(instance)
    for (const route of routes) instance.route(route)
    done()
  })
}
