/** OpenTelemetry's API, which exists if the application or one of its libraries has installed it. */
export type Api = typeof import('@opentelemetry/api')

/** Loads the API; undefined when it is not installed. */
export async function loadApi(): Promise<Api | undefined> {
  try {
    return await import('@opentelemetry/api')
  } catch {
    return undefined
  }
}
