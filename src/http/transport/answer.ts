import { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import { compileAnnouncement, type LaneNotice } from './lanes.ts'
import { securityHeaders, transportSecurity } from '../securityHeaders.ts'

/** Puts the headers that every answer has on one of them, with the id of its request. */
export type AddHeaders = (reply: FastifyReply, id: string) => void

/** How connections are kept, and whether they are encrypted. */
export interface CommonHeadersOptions {
  readonly isSecure: boolean
  readonly keepAliveTimeoutMs: number
}

/** Compiles it. */
export function compileCommonHeaders({ isSecure, keepAliveTimeoutMs }: CommonHeadersOptions): AddHeaders {
  const headers = isSecure ? { ...securityHeaders, ...transportSecurity } : securityHeaders
  const lines = Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')
  const announce = compileAnnouncement(keepAliveTimeoutMs)
  return (reply, id) => {
    const { raw } = reply
    if (!(raw instanceof Answer)) reply.headers(headers).header('x-request-id', id)
    else if (announce(reply.request.raw, raw)) raw.lines = `x-request-id: ${id}\r\n`
    else raw.lines = `${lines}x-request-id: ${id}\r\n`
  }
}

/** Node's own writing of an answer's head: called so since 2010, though not documented. */
const { _storeHeader: storeHeader } = ServerResponse.prototype as {
  _storeHeader?: (this: ServerResponse, firstLine: string, headers: object | undefined) => void
}

/** Whether this Node has it. */
export const canCarryLines: boolean = storeHeader?.length === 2

/**
 * Node's answer, which carries header lines that are text already.
 *
 * Node tests the name and the value of each header of each answer by regular expressions. For the six that are always the
 * same, or known to be harmless, that costs as much as to route, validate and serialise a small request.
 */
export class Answer extends ServerResponse {
  /** Follow the first line; a header that is set by its name takes the place of its line. */
  lines = ''
  /** What it says of lanes; undefined when it says nothing. */
  lane: LaneNotice | undefined

  /** Node calls it. */
  _storeHeader(firstLine: string, headers: object | undefined): void {
    const lines = besides(headers, this.lines)
    storeHeader!.call(this, firstLine + (this.lane ? lines + this.lane.lines : lines), headers)
  }

  override removeHeader(name: string): void {
    this.lines = besides({ [name]: undefined }, this.lines)
    super.removeHeader(name)
  }
}

/** Of some lines those that are not among the headers, which come in each of the shapes that Node takes. */
function besides(headers: object | undefined, lines: string): string {
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

/** Length and last letter, by which nearly all other names are known not to be one of these, whatever their case. */
function formOf(name: string): number {
  return (name.length & 31) * 32 + (name.charCodeAt(name.length - 1) & 31)
}
const forms = new Uint8Array(32 * 32)
for (const name of carried) forms[formOf(name)] = 1
