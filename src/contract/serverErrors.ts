import { named, StatusError, type StatusClass } from './statusError.ts'

/**
 * 500: a fault of this service. All unexpected errors become this, without their detail.
 *
 * @example throw new ServerError('the export failed', { cause: error })
 */
export class ServerError extends StatusError {
  static readonly status = 500
}

/**
 * 502: another service sent an invalid response.
 *
 * @example throw new BadGateway('the payment provider sent no id', { cause: error })
 */
export class BadGateway extends StatusError {
  static readonly status = 502
}

/**
 * 503: another service (code 50300) or the database (50301) is unavailable, or this service is overloaded (50302).
 *
 * @example throw new ServiceUnavailable('the search index is being built', { headers: { 'retry-after': '30' } }) // seconds
 */
export class ServiceUnavailable extends StatusError {
  static readonly status = 503
}

/**
 * 504: the deadline passed before there was a response.
 *
 * @example throw new GatewayTimeout('the payment provider did not respond in time')
 */
export class GatewayTimeout extends StatusError {
  static readonly status = 504
}

/** The errors of the service itself, ordered by status. */
export const serverErrors: readonly StatusClass[] = named({
  ServerError,
  BadGateway,
  ServiceUnavailable,
  GatewayTimeout,
})
