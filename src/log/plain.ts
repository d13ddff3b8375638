import { IncomingMessage, OutgoingMessage } from 'node:http'
import { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { Stream } from 'node:stream'
import { stdSerializers } from 'pino'
import { HttpError } from '../contract/errors.ts'
import { cutStack, isThrownHere } from './stack.ts'

/**
 * What a line shows of an object: of an error its class, message and stack with those of its causes, of a request its
 * method and route, of a response its status. Node's own objects hold whole connections, with the headers of both sides.
 */
export function plain(value: object): unknown {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === Array.prototype) return 'toJSON' in value ? toJson(value) : value
  if (value instanceof Error) return shownError(value)
  if (value instanceof Stream) return shownStream(value)
  if ('toJSON' in value) return toJson(value)
  const { raw, routeOptions } = value as FastifyObject
  if (!(raw instanceof Stream)) return value
  const shown = shownStream(raw)
  return isIncoming(raw) ? { ...(shown as object), route: routeOptions?.url } : shown
}

function shownError(error: Error): unknown {
  const shown = stdSerializers.err(error) as { stack?: unknown }
  const { stack } = shown
  // An HttpError is thrown on purpose, here too; anything else that tricube throws may be its own fault.
  if (typeof stack === 'string' && (error instanceof HttpError || !isThrownHere(stack))) shown.stack = cutStack(stack)
  return shown
}

function toJson(value: { readonly toJSON?: unknown }): unknown {
  return typeof value.toJSON === 'function' ? (value.toJSON as () => unknown)() : value
}

/** Fastify's request and reply hold Node's. */
interface FastifyObject {
  readonly raw?: unknown
  readonly routeOptions?: { readonly url?: string }
}

/** Whether a value has no fields to look at. */
export function isOpaque(value: object): boolean {
  return value instanceof Date || ArrayBuffer.isView(value)
}

/** Not the path: its parameters may be secrets, and the request's own line tells it. */
function shownStream(stream: Stream): unknown {
  if (!isIncoming(stream) && !isOutgoing(stream)) return `[${stream.constructor.name}]`
  const { method, statusCode } = stream as { readonly method?: string; readonly statusCode?: number | null }
  // A client's are the other way round: it sends a method, and receives a status.
  return method === undefined || method === null ? { status: statusCode } : { method }
}

function isIncoming(stream: Stream): boolean {
  return stream instanceof IncomingMessage || stream instanceof Http2ServerRequest
}

function isOutgoing(stream: Stream): boolean {
  return stream instanceof OutgoingMessage || stream instanceof Http2ServerResponse
}
