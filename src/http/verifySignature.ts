import { createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { Unauthorized } from '../contract/errors.ts'

/** The schemes of webhook signatures. `standard` is that of standardwebhooks.com. */
export type SignatureScheme = 'github' | 'stripe' | 'standard'

/** What {@link verifySignature} checks. */
export interface SignedMessage {
  readonly scheme: SignatureScheme
  /** The bytes of the body as they came: declare it as `raw()`. */
  readonly body: Uint8Array
  /** The headers of the request, with names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>> | IncomingHttpHeaders
  /** The secret that you share with the sender. While you change it, give the new and the old one. */
  readonly secret: string | readonly string[]
  /** Seconds that the time of the signature may differ from now. Default 300. GitHub's signatures have no time. */
  readonly toleranceSeconds?: number
  /** Milliseconds since 1970. Default: the clock. */
  readonly now?: number
}

/**
 * Checks the signature of a webhook, in constant time. A signature with a time is rejected when it is too old, so that a
 * recorded message cannot be sent again later.
 *
 * @throws {Unauthorized} when the signature is missing, malformed, too old or wrong
 * @throws {TypeError} when the secret is empty
 *
 * @example
 * const hooks = contract('hook-service', { paid: { route: 'POST /paid', body: raw(), errors: [Unauthorized] } })
 * export default service(hooks, {
 *   settings: { stripeSecret: secret() },
 *   handlers: {
 *     paid: ({ body, headers, settings }) =>
 *       verifySignature({ scheme: 'stripe', body, headers, secret: settings.stripeSecret }),
 *   },
 * })
 */
export function verifySignature(message: SignedMessage): void {
  const { scheme, body, secret, toleranceSeconds = 300, now = Date.now() } = message
  const secrets = typeof secret === 'string' ? [secret] : secret
  if (secrets.length === 0 || secrets.includes('')) throw new TypeError('verifySignature: the secret is empty')
  const read = readers[scheme]
  const { signatures, encoding, signed, at, keyOf = itself } = read(message.headers)
  if (at !== undefined && Math.abs(now / 1000 - at) > toleranceSeconds) {
    throw new Unauthorized(`the signature is more than ${toleranceSeconds} seconds away from now`)
  }
  const isValid = secrets.some((one) => {
    const key = keyOf(one)
    if (key.length === 0) throw new TypeError('verifySignature: the secret is not base64')
    const expected = createHmac('sha256', key).update(signed).update(body).digest()
    return signatures.some((signature) => isEqual(Buffer.from(signature, encoding), expected))
  })
  if (!isValid) throw new Unauthorized('the signature is wrong')
}

function itself(secret: string): string {
  return secret
}

/** What the headers of a scheme say. */
interface Signed {
  readonly signatures: readonly string[]
  readonly encoding: 'hex' | 'base64'
  /** What is signed before the body. */
  readonly signed: string
  /** Seconds since 1970. */
  readonly at?: number
  readonly keyOf?: (secret: string) => string | Buffer
}

const readers: Readonly<Record<SignatureScheme, (headers: SignedMessage['headers']) => Signed>> = {
  // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
  github(headers) {
    const signature = /^sha256=([\da-f]{64})$/.exec(headerOf(headers, 'x-hub-signature-256'))?.[1]
    if (signature === undefined) throw malformed('x-hub-signature-256')
    return { signatures: [signature], encoding: 'hex', signed: '' }
  },

  // https://docs.stripe.com/webhooks#verify-manually
  stripe(headers) {
    const pairs = headerOf(headers, 'stripe-signature')
      .split(',')
      .map((pair) => pair.trim().split('='))
    const time = pairs.find(([name]) => name === 't')?.[1] ?? ''
    const signatures = pairs.flatMap(([name, value = '']) =>
      name === 'v1' && /^[\da-f]{64}$/.test(value) ? [value] : [],
    )
    if (!/^\d{1,12}$/.test(time) || signatures.length === 0) throw malformed('stripe-signature')
    return { signatures, encoding: 'hex', signed: `${time}.`, at: Number(time) }
  },

  // https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
  standard(headers) {
    const id = headerOf(headers, 'webhook-id')
    const time = headerOf(headers, 'webhook-timestamp')
    const signatures = headerOf(headers, 'webhook-signature')
      .split(' ')
      .flatMap((one) => /^v1,([A-Za-z\d+/]{43}=)$/.exec(one)?.[1] ?? [])
    if (!/^\d{1,12}$/.test(time) || signatures.length === 0) throw malformed('webhook-signature')
    const keyOf = (secret: string): Buffer => Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
    return { signatures, encoding: 'base64', signed: `${id}.${time}.`, at: Number(time), keyOf }
  },
}

function headerOf(headers: SignedMessage['headers'], name: string): string {
  const value = headers[name]
  if (value === undefined) throw new Unauthorized(`the header ${name} is missing`)
  return typeof value === 'string' ? value : value.join(',')
}

function malformed(name: string): Unauthorized {
  return new Unauthorized(`the header ${name} is malformed`)
}

function isEqual(given: Buffer, expected: Buffer): boolean {
  return given.length === expected.length && timingSafeEqual(given, expected)
}
