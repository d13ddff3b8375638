import type { FastifyRequest } from 'fastify'
import type { AuthScheme } from '../contract/auth.ts'
import type { LateLog } from '../log/late.ts'
import type { Database } from '../sql/index.ts'
import type { Identity } from './identity.ts'

/** Why a request's credentials were rejected. The caller learns only the kind. */
export interface AuthFailure {
  /**
   * `malformed`: the request breaks HTTP. `invalid`: the credentials are not genuine. `expired`: they were genuine.
   * `unavailable`: they cannot be checked now.
   */
  readonly failure: 'malformed' | 'invalid' | 'expired' | 'unavailable'
  /** One line for the log, without the credentials. */
  readonly reason: string
}

/** What an authenticator finds: an identity, a failure, or undefined for a request without its kind of credentials. */
export type AuthOutcome = Identity | AuthFailure | undefined

/** What an authenticator may use. */
export interface AuthHost {
  /** The scheme that it identifies callers for. */
  readonly scheme: AuthScheme
  /** The service's name. */
  readonly service: string
  readonly log: LateLog
  /** The setting `AUTH_ISSUER`. */
  readonly issuer: string | undefined
  /** The setting `AUTH_AUDIENCE`. */
  readonly audience: string | undefined
  /** The setting `SERVICE_KEYS_DIR`. */
  readonly serviceKeys: string | undefined
  /**
   * Opens the service's database first, and resolves to it.
   *
   * @throws {ConfigError} when the service has none
   */
  database(): Promise<Database>
  /** Lets a promise settle in the background. A failure is logged under the name. */
  background(name: string, promise: Promise<unknown>): void
  /** When it fetches what it needs: before the first request, or with it. */
  readonly fetches: 'early' | 'late'
}

/** An authenticator of a running service. */
export interface OpenAuthenticator {
  /** Identifies the caller of a request, before its body is read. Resolves synchronously where it can. */
  authenticate(request: FastifyRequest): AuthOutcome | Promise<AuthOutcome>
  /** Returns why it cannot identify callers now; undefined if it can. For `/health/ready`. */
  readonly problem?: () => string | undefined
  /** Where users log in, for the page at `/docs`; undefined if that is not known. */
  readonly login?: LoginIssuer | undefined
  close?(): void | Promise<void>
}

/** An issuer at which users log in. */
export interface LoginIssuer {
  readonly issuer: string
  /** The audience that their tokens need. */
  readonly audience: string
}

/** Identifies the callers of a service in one way, such as `jwt()`. */
export interface Authenticator {
  /** The scheme that it identifies callers for. Default: any. */
  readonly scheme?: AuthScheme
  /** Whether it needs the service's database, with the table of API keys. Default: false. */
  readonly needsDatabase?: boolean
  /** Whether it needs the certificates of callers: `tls: { requestCert: true }`. Default: false. */
  readonly needsClientCertificates?: boolean
  /** The settings without which it does not open. `tricube build` asks for them. Default: none. */
  readonly needsSettings?: readonly ('AUTH_ISSUER' | 'SERVICE_KEYS_DIR')[]
  /** For one that reads public keys of services: its folder, or undefined for that of the setting. Default: none. */
  readonly serviceKeys?: { readonly folder: string | URL | undefined }
  /** Opens it with its service. */
  open(host: AuthHost): OpenAuthenticator | Promise<OpenAuthenticator>
}

/** Whether an outcome is a failure. */
export function isFailure(outcome: Identity | AuthFailure): outcome is AuthFailure {
  return 'failure' in outcome
}
