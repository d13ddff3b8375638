import type { FastifyInstance } from 'fastify'

/** Whether a plugin wants to see what is answered before it is text: Fastify does not tell which hooks there are. */
export class PreSerialization {
  isWanted = false

  /** Watches the hooks that are added from now on, to this instance and those that plugins get. */
  constructor(fastify: FastifyInstance) {
    const want = (name: unknown): void => void (this.isWanted ||= name === 'preSerialization')
    const addHook = Reflect.get(fastify, 'addHook') as (...args: unknown[]) => unknown
    // Each plugin has an instance of its own that inherits this.
    fastify.addHook = function (this: FastifyInstance, name: unknown, hook: unknown) {
      want(name)
      return Reflect.apply(addHook, this, [name, hook])
    } as FastifyInstance['addHook']
  }

  /** Watches the routes that are added to an instance, behind the plugins that change them. */
  watchRoutes(instance: FastifyInstance): void {
    instance.addHook('onRoute', (route) => void (this.isWanted ||= route.preSerialization !== undefined))
  }
}
