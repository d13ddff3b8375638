import type { Tracer } from '../tracer.ts'
import type { Api } from './api.ts'
import { AmbientContexts } from './contexts.ts'
import { ApiPropagator } from './headers.ts'
import { ApiTracerProvider } from './provider.ts'

/** The tracers of the services that run in this process; what belongs to none of them begins with the latest. */
const tracers: Tracer[] = []
let isRegistered = false

/**
 * Makes tricube OpenTelemetry's global tracer provider, context manager and propagator, so that the spans of other
 * libraries join its traces. An SDK that the application has registered before stays.
 *
 * @returns what takes the tracer back; with the last one the API is free again
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
