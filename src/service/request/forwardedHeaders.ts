import type { IncomingHttpHeaders } from 'node:http'

/** W3C Baggage, 3.3: so many bytes have to be passed on. https://www.w3.org/TR/baggage/#limits */
const maxBaggageLength = 8192

/** Adds what travels from a request or message to the calls that it causes, unless it is longer than is due. */
export function forwardHeader(name: 'baggage', from: IncomingHttpHeaders, to: Record<string, string>): void {
  const { [name]: value } = from
  if (typeof value === 'string' && value.length <= maxBaggageLength) to[name] = value
}

/** The region that a request or message is for. */
export function regionOf({ 'x-region': region }: IncomingHttpHeaders): string | undefined {
  return typeof region === 'string' && region !== '' ? region : undefined
}
