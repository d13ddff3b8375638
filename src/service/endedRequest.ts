import type { OpenRequest } from '../http/inFlight.ts'
import { shownPath } from '../http/shownPath.ts'
import { isWatching } from './accessLog.ts'
import type { Admission } from './admission.ts'
import type { Logging } from './logging.ts'
import type { Metering } from './metering.ts'
import type { Tracing } from './tracing.ts'

/** A request that is over, as log, metrics and trace tell it. */
export interface EndedRequest {
  /** Undefined for what is no operation: documentation, health, stray paths. */
  readonly operation: string | undefined
  readonly route: string | undefined
  /** The path as it may be shown. */
  readonly path: string
  /** 499: the caller hung up before it was answered. */
  readonly status: number
  readonly durationMs: number
}

/** Who is told of it. */
interface Observers {
  readonly metering: Metering
  readonly logging: Logging
  readonly tracing: Tracing
  readonly admission: Admission
}

/** Nginx's status for a caller that hung up before it was answered. */
const hungUp = 499

/** Tells metrics, log, trace and admission of a request that is over. */
export function tellEnd({ metering, logging, tracing, admission }: Observers, open: OpenRequest): void {
  const { request, reply, isAnswered } = open
  const operation = open.operation?.name
  const route = open.operation ? open.operation.path : request.routeOptions.url // which Fastify makes anew for each look
  const status = isAnswered ? reply.statusCode : hungUp
  const durationMs = open.endedAt - open.startedAt
  const ended = { operation, route, path: shownPath(request.url, route), status, durationMs }
  const traced = request.span?.isRecorded ? request.span : undefined
  if (!isWatching(route)) metering.requests.observe(operation, request.method, status, durationMs, traced)
  logging.access.end(open, ended)
  tracing.onRequestEnd(request, ended)
  if (operation !== undefined) admission.ended(operation, isAnswered ? durationMs : undefined)
}
