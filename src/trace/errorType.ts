/**
 * Returns OpenTelemetry's `error.type` of anything thrown: a PostgreSQL SQLSTATE, a system error code, or the class.
 *
 * It is never the message, which may contain private data.
 * https://opentelemetry.io/docs/specs/semconv/registry/attributes/error/
 */
export function errorTypeOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return typeof thrown
  const { sqlstate, code, name } = thrown as { sqlstate?: unknown; code?: unknown; name?: unknown }
  if (typeof sqlstate === 'string') return sqlstate
  if (typeof code === 'string' && isCode.test(code)) return code
  if (typeof name === 'string' && isCode.test(name) && name !== 'Error') return name
  const { constructor } = thrown
  return typeof constructor === 'function' && isCode.test(constructor.name) ? constructor.name : 'Error'
}

const isCode = /^\w{1,64}$/
