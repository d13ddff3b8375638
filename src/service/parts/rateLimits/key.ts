import { hash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { callerKeyOf, callersOf } from '../../../auth/identity.ts'
import type { RateLimit } from '../../../contract/rateLimit.ts'
import type { RateLimitKey, RateLimitOptions } from './options.ts'

/** Longer keys are stored as a digest: a header may have 16 KiB. */
const maxKeyLength = 128

/** Compiles the key of a rate limit. Keys that callers choose never equal an address. */
export function compileKeyOf(
  prefix: string,
  key: RateLimit['key'],
  keys: RateLimitOptions['keys'] = {},
): (request: FastifyRequest) => string {
  const byAddress = (request: FastifyRequest): string => `${prefix} ip ${networkOf(request.ip)}`
  if (key === 'ip') return byAddress
  const name = typeof key === 'string' ? key : key.header
  const valueOf =
    typeof key === 'object'
      ? (request: FastifyRequest) => ofCaller(request, request.headers[key.header])
      : key === 'caller'
        ? callerKeyOf
        : withCallers(keys[key]!)
  return (request) => {
    const value = valueOf(request)
    if (value === undefined || value === '') return byAddress(request)
    const text = String(value)
    return `${prefix} ${name} ${text.length > maxKeyLength ? hash('sha256', text, 'base64url') : text}`
  }
}

/** Returns a value that callers choose. Each identified caller has its own, else one could use up the limit of another. */
function ofCaller(request: FastifyRequest, value: string | string[] | undefined): string | undefined {
  const text = value === undefined ? undefined : String(value)
  const caller = callerKeyOf(request)
  return text && caller !== undefined ? JSON.stringify([caller, text]) : text
}

function withCallers(key: RateLimitKey): (request: FastifyRequest) => string | number | undefined {
  return (request) => key(request, callersOf(request))
}

/**
 * Returns the owner of an address. For IPv6 that is its first 64 bits, since a customer has at least that many
 * addresses (RFC 6177). IPv4 is taken as it is, also when it is mapped into IPv6.
 */
export function networkOf(address: string | undefined): string {
  if (address === undefined) return 'unknown' // a Unix socket
  if (!address.includes(':')) return address.slice(0, maxKeyLength)
  if (address.includes('.')) return address.slice(address.lastIndexOf(':') + 1).slice(0, maxKeyLength)
  const [head = '', tail] = address.split('::', 2)
  const groups = head === '' ? [] : head.split(':')
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length)
  for (let n = 0; n < missing; n++) groups.push('0')
  if (tail !== undefined && tail !== '') groups.push(...tail.split(':'))
  return `${groups.slice(0, 4).join(':')}::/64`.slice(0, maxKeyLength)
}
