import type { IncomingHttpHeaders } from 'node:http'

/** W3C Baggage, 3.3: the bytes that must be forwarded. https://www.w3.org/TR/baggage/#limits */
const maxBaggageLength = 8192

/** Forwards a header of a request or message to its calls, unless it is too long. */
export function forwardHeader(name: 'baggage', from: IncomingHttpHeaders, to: Record<string, string>): void {
  const { [name]: value } = from
  if (typeof value === 'string' && value.length <= maxBaggageLength) to[name] = value
}

/** Returns the region of a request or message. */
export function regionOf({ 'x-region': region }: IncomingHttpHeaders): string | undefined {
  return typeof region === 'string' && region !== '' ? region : undefined
}
