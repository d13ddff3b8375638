import type { FastifyReply, FastifyRequest } from 'fastify'
import { shownPath } from '../http/shownPath.ts'
import { isWatching } from './accessLog.ts'
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
}

/** Nginx's status for a caller that hung up before it was answered. */
const hungUp = 499

/** Tells metrics, log and trace of a request that is over. */
export function tellEnd(
  { metering, logging, tracing }: Observers,
  request: FastifyRequest,
  reply: FastifyReply,
  durationMs: number,
): void {
  const { config, url: route } = request.routeOptions
  const { operation } = config
  const status = reply.raw.writableEnded ? reply.statusCode : hungUp
  const ended = { operation, route, path: shownPath(request.url, route), status, durationMs }
  const traced = request.span?.isRecorded ? request.span : undefined
  if (!isWatching(route)) metering.requests.observe(operation, status, durationMs, traced)
  logging.access.end(request, reply, ended)
  tracing.onRequestEnd(request, ended)
}
