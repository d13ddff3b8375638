/** OpenTelemetry's API, which is there when the application, or a library of its, has installed it. */
export type Api = typeof import('@opentelemetry/api')

/** Loads it; undefined when it is not installed. */
export async function loadApi(): Promise<Api | undefined> {
  try {
    return await import('@opentelemetry/api')
  } catch {
    return undefined
  }
}
