import { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import { compileAnnouncement, type LaneNotice } from './lanes.ts'
import { securityHeaders, transportSecurity } from '../securityHeaders.ts'

/** Adds the headers that every response has, with the ID of its request. */
export type AddHeaders = (reply: FastifyReply, id: string) => void

/** Options of the common headers. */
export interface CommonHeadersOptions {
  readonly isSecure: boolean
  readonly keepAliveTimeoutMs: number
}

/** Compiles an `AddHeaders`. */
export function compileCommonHeaders({ isSecure, keepAliveTimeoutMs }: CommonHeadersOptions): AddHeaders {
  const headers = isSecure ? { ...securityHeaders, ...transportSecurity } : securityHeaders
  const lines = Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')
  const announce = compileAnnouncement(keepAliveTimeoutMs)
  return (reply, id) => {
    const { raw } = reply
    if (!(raw instanceof LineResponse)) reply.headers(headers).header('x-request-id', id)
    else if (announce(reply.request.raw, raw)) raw.lines = `x-request-id: ${id}\r\n`
    else raw.lines = `${lines}x-request-id: ${id}\r\n`
  }
}

/** Node's method that writes the head of a response. It has had this name since 2010, though it is not documented. */
const { _storeHeader: storeHeader } = ServerResponse.prototype as {
  _storeHeader?: (this: ServerResponse, firstLine: string, headers: object | undefined) => void
}

/** Whether this Node has it. */
export const supportsHeaderLines: boolean = storeHeader?.length === 2

/**
 * Node's response, with header lines that are text already.
 *
 * Node tests name and value of each header of each response by regular expressions. For the six headers that are always the
 * same, or known to be harmless, that costs as much as to route, validate and serialise a small request.
 */
export class LineResponse extends ServerResponse {
  /** Lines after the status line. A header that is set by name replaces its line. */
  lines = ''
  /** The lines about lanes; undefined when there are none. */
  lane: LaneNotice | undefined

  /** Called by Node. */
  _storeHeader(firstLine: string, headers: object | undefined): void {
    const lines = withoutHeaders(headers, this.lines)
    storeHeader!.call(this, firstLine + (this.lane ? lines + this.lane.lines : lines), headers)
  }

  override removeHeader(name: string): void {
    this.lines = withoutHeaders({ [name]: undefined }, this.lines)
    super.removeHeader(name)
  }
}

/** Returns the lines whose header is not set by name. `headers` has one of the forms that Node takes. */
function withoutHeaders(headers: object | undefined, lines: string): string {
  if (Array.isArray(headers)) return headers.flat().some(isCarried) ? without(headers.flat(), lines) : lines
  for (const name in headers) if (isCarried(name)) return without(Object.keys(headers), lines)
  return lines
}

function without(names: readonly string[], lines: string): string {
  const set = new Set(names.map((name) => name.toLowerCase()))
  return lines
    .split(/(?<=\n)/)
    .filter((line) => !set.has(line.slice(0, line.indexOf(':'))))
    .join('')
}

const carried = new Set([...Object.keys(securityHeaders), ...Object.keys(transportSecurity), 'x-request-id'])

function isCarried(name: string): boolean {
  return forms[formOf(name)] === 1 && carried.has(name.toLowerCase())
}

/** Combines length and last letter, in any case: a quick test that rules out nearly all other names. */
function formOf(name: string): number {
  return (name.length & 31) * 32 + (name.charCodeAt(name.length - 1) & 31)
}
const forms = new Uint8Array(32 * 32)
for (const name of carried) forms[formOf(name)] = 1
