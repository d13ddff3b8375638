import type { Tracer } from '../tracer.ts'
import type { Api } from './api.ts'
import { AmbientContexts } from './contexts.ts'
import { ApiPropagator } from './headers.ts'
import { ApiTracerProvider } from './provider.ts'

/** The tracers of the services in this process; spans outside of their requests use the latest. */
const tracers: Tracer[] = []
let isRegistered = false

/**
 * Registers tricube as OpenTelemetry's global tracer provider, context manager and propagator, so that spans of other
 * libraries join its traces. An SDK that the application registered earlier stays.
 *
 * @returns the function that removes the tracer; after the last one the API is free again
 */
export function registerWith(api: Api, tracer: Tracer): () => void {
  tracers.push(tracer)
  const latest = (): Tracer => tracers.at(-1)!
  if (!isRegistered) {
    const contexts = new AmbientContexts(api)
    isRegistered = api.trace.setGlobalTracerProvider(new ApiTracerProvider(api, contexts, latest))
    if (isRegistered) {
      api.context.setGlobalContextManager(contexts.enable())
      api.propagation.setGlobalPropagator(new ApiPropagator(api, contexts, latest))
    }
  }
  return () => {
    tracers.splice(tracers.indexOf(tracer), 1)
    if (tracers.length > 0 || !isRegistered) return
    api.trace.disable()
    api.context.disable()
    api.propagation.disable()
    isRegistered = false
  }
}
