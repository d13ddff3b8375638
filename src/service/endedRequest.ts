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
  /** Of the answer's body. */
  readonly bytes: number
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
  const { config, url: route } = request.routeOptions
  const { operation } = config
  const status = isAnswered ? reply.statusCode : hungUp
  const durationMs = open.endedAt - open.startedAt
  const bytes = isAnswered ? Number(reply.getHeader('content-length') ?? 0) : 0
  const ended = { operation, route, path: shownPath(request.url, route), status, durationMs, bytes }
  const traced = request.span?.isRecorded ? request.span : undefined
  if (!isWatching(route)) metering.requests.observe(operation, status, durationMs, traced)
  logging.access.end(request, ended)
  tracing.onRequestEnd(request, ended)
  if (operation !== undefined) admission.ended(operation, isAnswered ? durationMs : undefined)
}
