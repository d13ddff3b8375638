import { IncomingMessage, OutgoingMessage } from 'node:http'
import { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { Stream } from 'node:stream'
import { stdSerializers } from 'pino'
import { HttpError } from '../contract/httpError.ts'
import { cutStack, isThrownHere } from './stack.ts'

/**
 * Returns the loggable form of an object: the class, message and stack of an error and its causes; the method and route
 * of a request; the status of a response. Node's own objects would add connections and the headers of both sides.
 */
export function plain(value: object): unknown {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === Array.prototype) return 'toJSON' in value ? toJson(value) : value
  if (value instanceof Error) return loggableError(value)
  if (value instanceof Stream) return loggableStream(value)
  if ('toJSON' in value) return toJson(value)
  const { raw, routeOptions } = value as FastifyObject
  if (!(raw instanceof Stream)) return value
  const loggable = loggableStream(raw)
  return isIncoming(raw) ? { ...(loggable as object), route: routeOptions?.url } : loggable
}

function loggableError(error: Error): unknown {
  const loggable = stdSerializers.err(error) as { message?: unknown; stack?: unknown }
  loggable.message = messageWithCauses(error)
  const { stack } = loggable
  // An HttpError is thrown on purpose; any other error thrown by tricube may be a bug of tricube.
  if (typeof stack === 'string' && (error instanceof HttpError || !isThrownHere(stack)))
    loggable.stack = cutStack(stack)
  return loggable
}

/** Returns the messages of an error and of its causes. Many errors repeat the message of their cause. */
export function messageWithCauses(error: Error): string {
  let text = error.message
  let cause = error.cause
  for (let depth = 0; cause instanceof Error && depth < maxCauses; depth++) {
    if (!text.includes(cause.message)) text += `: ${cause.message}`
    cause = cause.cause
  }
  return text
}

/** An error may be its own cause. */
const maxCauses = 10

function toJson(value: { readonly toJSON?: unknown }): unknown {
  return typeof value.toJSON === 'function' ? (value.toJSON as () => unknown)() : value
}

/** The parts of Fastify's request and reply that hold Node's. */
interface FastifyObject {
  readonly raw?: unknown
  readonly routeOptions?: { readonly url?: string }
}

/** Whether a value has no fields to log. */
export function isOpaque(value: object): boolean {
  return value instanceof Date || ArrayBuffer.isView(value)
}

/** Leaves out the path: its parameters may be secrets, and the access line has it. */
function loggableStream(stream: Stream): unknown {
  if (!isIncoming(stream) && !isOutgoing(stream)) return `[${stream.constructor.name}]`
  const { method, statusCode } = stream as { readonly method?: string; readonly statusCode?: number | null }
  // A client's messages are the other way round: it sends a method and receives a status.
  return method === undefined || method === null ? { status: statusCode } : { method }
}

function isIncoming(stream: Stream): boolean {
  return stream instanceof IncomingMessage || stream instanceof Http2ServerRequest
}

function isOutgoing(stream: Stream): boolean {
  return stream instanceof OutgoingMessage || stream instanceof Http2ServerResponse
}
