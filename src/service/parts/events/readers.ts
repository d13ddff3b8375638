import type { PeerCertificate, TLSSocket } from 'node:tls'
import type { FastifyRequest } from 'fastify'
import type { Rule } from '../../../config/rule.ts'
import type { Contract } from '../../../contract/contract.ts'
import { Forbidden } from '../../../contract/errors.ts'

/** The option of a service that says who may read its events. */
export interface ReadersOptions {
  /** The names of the services that may read its events. Default: all services that can call it. */
  readonly subscribers?: readonly string[]
}

/** The rule of `subscribers`. */
export const readersRule: Rule = {
  expected: "the names of services, like ['mail-service']",
  accepts: (value) => Array.isArray(value) && value.every((name) => typeof name === 'string' && name !== ''),
  problem(names: readonly string[] | undefined, path: string, options: object) {
    const { contract } = options as { readonly contract: Contract }
    const hasEvents = Object.keys(contract.events).length > 0
    return names && !hasEvents ? `${path}: ${contract.name} has no events that others could read` : undefined
  },
}

/**
 * Checks that a service may read the events. A reader says its name. Where it shows a certificate, that has to be valid for this
 * name: `mail-service`, or a host that begins with `mail-service.`.
 *
 * @throws {Forbidden} when it may not
 */
export function checkReader(
  { query, raw }: FastifyRequest,
  service: string,
  allowed: ReadonlySet<string> | undefined,
): void {
  if (!allowed) return
  const { subscriber = '' } = query as { readonly subscriber?: string }
  if (!allowed.has(subscriber)) {
    const who = subscriber === '' ? 'a caller without a name' : JSON.stringify(subscriber.slice(0, 100))
    throw new Forbidden(`${service} does not let ${who} read its events: add it to subscribers`)
  }
  const certificate = certificateOf(raw.socket as TLSSocket)
  if (!certificate || namesIn(certificate).some((name) => name === subscriber || name.startsWith(`${subscriber}.`)))
    return
  throw new Forbidden(`the certificate of the caller is not valid for ${subscriber}`)
}

/** The certificate that a caller has shown, which an authority of this service has signed. */
function certificateOf(socket: TLSSocket): PeerCertificate | undefined {
  if (!socket.authorized) return undefined
  const certificate = socket.getPeerCertificate()
  return certificate.subject ? certificate : undefined
}

function namesIn({ subject, subjectaltname = '' }: PeerCertificate): readonly string[] {
  const alternatives = subjectaltname.split(', ').flatMap((one) => (one.startsWith('DNS:') ? [one.slice(4)] : []))
  return [...[subject.CN].flat(), ...alternatives].filter((name) => name !== undefined)
}
