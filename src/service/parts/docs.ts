import type { LoginIssuer } from '../../auth/authenticator.ts'
import { discover } from '../../auth/jwt/discovery.ts'
import { flag, listOf, text } from '../../config/rules.ts'
import { setting } from '../../config/setting.ts'
import { schemesOf } from '../../contract/auth.ts'
import type { Contract } from '../../contract/contract.ts'
import { publicOperations } from '../../contract/operation.ts'
import { registerDocs } from '../../http/docs/docs.ts'
import type { DocsLogin, FindLogin } from '../../http/docs/login.ts'
import type { LateLog } from '../../log/late.ts'
import type { Part } from '../part.ts'
import { admin } from './admin.ts'
import { auth } from './auth/auth.ts'

/** Options of the documentation. */
export interface DocsOptions {
  /** Whether to serve `/docs` and `/openapi/spec.json`. Default: true. */
  readonly docs?: boolean
  readonly edge?: boolean
}

/** Configuration of the documentation. */
export interface DocsConfig {
  /** The client ID of `/docs` at the issuer of a `jwt()` (`AUTH_DOCS_CLIENT`). Default: none, and nobody can log in there. */
  readonly docsClient: string | undefined
  /** The scopes that `/docs` asks for (`AUTH_DOCS_SCOPES`). Default: `openid`, and the scopes of the operations. */
  readonly docsScopes: readonly string[] | undefined
}

/**
 * Serves `GET /openapi/spec.json`, and at `GET /docs` the page that shows it. Callers from outside do not see
 * `internal` operations.
 */
export const docs: Part<DocsOptions, DocsConfig> = {
  name: 'docs',
  options: { docs: flag, edge: flag },
  settings: {
    docsClient: setting<string | undefined>(text('the ID of a client'), {
      variable: 'AUTH_DOCS_CLIENT',
      meaning: 'The client ID with which `/docs` logs users in at the issuer of `jwt()`.',
      value: undefined,
    }),
    docsScopes: setting<readonly string[] | undefined>(listOf(text('a scope'), 'scopes, separated by commas'), {
      variable: 'AUTH_DOCS_SCOPES',
      meaning: 'The scopes that `/docs` asks for.',
      value: undefined,
      fallback: '`openid` and those of the operations',
    }),
  },
  async open({ contract, config, log, use }, { docs: isOn = true, edge = false }) {
    if (!isOn) return {}
    const { fastify, isSeparate } = await use(admin)
    const { login } = await use(auth)
    const audience = edge && !isSeparate ? 'public' : 'internal'
    const findLogin =
      login && config.docsClient !== undefined ? logins(login, config, scopesIn(contract, audience), log) : undefined
    registerDocs(fastify, contract, { audience, findLogin })
    return {}
  },
}

/** Finds the endpoints of the issuer when the page is first shown. A failure is not kept, and the page does without. */
function logins(
  { issuer, audience }: LoginIssuer,
  { docsClient, docsScopes }: DocsConfig,
  scopes: readonly string[],
  log: LateLog,
): FindLogin {
  let found: DocsLogin | undefined
  return async () => {
    if (found) return found
    try {
      const { authorization_endpoint: authorization, token_endpoint: token } = await discover(issuer)
      return (found = {
        issuer,
        authorizationEndpoint: endpointIn(authorization),
        tokenEndpoint: endpointIn(token),
        clientId: docsClient!,
        scopes: docsScopes ?? ['openid', ...scopes],
        audience,
      })
    } catch (error) {
      log.warn({ issuer, reason: (error as Error).message }, '/docs cannot log users in')
      return undefined
    }
  }
}

/** @throws {Error} when it is no URL that a page may go to */
function endpointIn(value: unknown): string {
  if (typeof value === 'string' && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)) return value
  throw new Error('its discovery document has no authorization_endpoint and token_endpoint')
}

/** The scopes that the shown operations ask users for. */
function scopesIn({ operations }: Contract, audience: 'public' | 'internal'): readonly string[] {
  const shown = Object.values(audience === 'public' ? publicOperations(operations) : operations)
  const asking = shown.filter((operation) => schemesOf(operation).includes('user'))
  return [...new Set(asking.flatMap(({ scopes = [] }) => scopes))].sort()
}
