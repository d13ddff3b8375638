import type { FastifyInstance } from 'fastify'

/** Notes whether a plugin has a `preSerialization` hook: Fastify does not list its hooks. */
export class PreSerialization {
  isWanted = false

  /** Watches the hooks that are added from now on, to this instance and to those of plugins. */
  constructor(fastify: FastifyInstance) {
    const want = (name: unknown): void => void (this.isWanted ||= name === 'preSerialization')
    const addHook = Reflect.get(fastify, 'addHook') as (...args: unknown[]) => unknown
    // The instance of each plugin inherits this.
    fastify.addHook = function (this: FastifyInstance, name: unknown, hook: unknown) {
      want(name)
      return Reflect.apply(addHook, this, [name, hook])
    } as FastifyInstance['addHook']
  }

  /** Watches the routes that are added to an instance, after plugins have changed them. */
  watchRoutes(instance: FastifyInstance): void {
    instance.addHook('onRoute', (route) => void (this.isWanted ||= route.preSerialization !== undefined))
  }
}
