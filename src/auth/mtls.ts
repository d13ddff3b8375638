import type { TLSSocket } from 'node:tls'
import type { FastifyRequest } from 'fastify'
import { optionsProblem } from '../config/rule.ts'
import { func, text } from '../config/rules.ts'
import type { AuthFailure, Authenticator, AuthOutcome } from './authenticator.ts'
import type { Identity } from './identity.ts'
import { serviceIdentity } from './serviceIdentity.ts'
import { invalid } from './tokenFailure.ts'

/** Options of `mtls`. */
export interface MtlsOptions {
  /** The beginning of the SPIFFE IDs to trust: the trust domain with a slash, and a path if you want, like `spiffe://shop/`. */
  readonly trust: string
  /** Returns the name of the service with a SPIFFE ID. Default: the last part of its path. */
  readonly name?: (id: string) => string | undefined
}

/**
 * Identifies services by the SPIFFE ID in their certificate: a URI such as `spiffe://shop/order-service`.
 *
 * The service needs `tls: { requestCert: true, … }`, whose `ca` decides which certificates are genuine.
 *
 * @throws {TypeError} when an option is unknown or invalid
 *
 * @example
 * service(userService, {
 *   tls: { cert: '/run/svid.pem', key: '/run/svid-key.pem', ca: '/run/bundle.pem', requestCert: true },
 *   auth: { service: mtls({ trust: 'spiffe://shop/' }) },
 *   handlers,
 * })
 */
export function mtls(options: MtlsOptions): Authenticator {
  const trust = text(
    'the beginning of SPIFFE IDs like spiffe://shop/',
    /^spiffe:\/\/[a-z0-9._-]{1,255}\/(?:[\w.-]+\/)*$/,
  )
  const problem =
    optionsProblem(options, { trust, name: func }) ??
    (options.trust === undefined ? `trust: expected ${trust.expected}` : undefined)
  if (problem) throw new TypeError(`mtls: ${problem}`)
  const known = new WeakMap<object, Identity | AuthFailure>()
  return {
    scheme: 'service',
    needsClientCertificates: true,
    open: () => ({
      // The handshake is over before the first request, and a certificate belongs to its connection.
      authenticate({ raw }: FastifyRequest): AuthOutcome {
        const { socket } = raw
        const before = known.get(socket)
        if (before) return before
        const outcome = identify(socket as TLSSocket, options)
        if (outcome) known.set(socket, outcome)
        return outcome
      },
    }),
  }
}

function identify(socket: TLSSocket, { trust, name = lastPart }: MtlsOptions): AuthOutcome {
  if (!socket.authorized) return undefined
  const uris = urisIn(socket.getPeerX509Certificate()?.subjectAltName)
  if (uris.length === 0) return invalid('its certificate has no SPIFFE ID')
  // SPIFFE X.509-SVID, 2: exactly one URI
  if (uris.length > 1) return invalid('its certificate has more than one URI')
  const id = uris[0]!
  if (!spiffeId.test(id) || id.split('/').some((part) => part === '.' || part === '..')) {
    return invalid('the URI in its certificate is no SPIFFE ID')
  }
  if (!id.startsWith(trust)) return invalid('its SPIFFE ID is not of this trust domain')
  const service = name(id)
  if (service === undefined || service === '') return invalid('its SPIFFE ID names no service')
  return serviceIdentity({ id, name: service })
}

/** SPIFFE-ID, 2: a trust domain and a path. */
const spiffeId = /^spiffe:\/\/[a-z0-9._-]{1,255}(?:\/[A-Za-z0-9._-]+)+$/

/**
 * Returns the URIs of a certificate's alternative names. Node quotes a name that has a comma or a quote, so that one name
 * cannot look like two. No SPIFFE ID needs quotes.
 */
function urisIn(names: string | undefined): readonly string[] {
  const all = names?.match(/[^,"]*(?:"(?:[^"\\]|\\.)*")?[^,]*/g) ?? []
  return all.map((one) => one.trim()).flatMap((one) => (one.startsWith('URI:') ? [one.slice('URI:'.length)] : []))
}

function lastPart(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1)
}
