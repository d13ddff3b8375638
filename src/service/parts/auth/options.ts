// The rules of `auth` and `policies`.
import type { Authenticator } from '../../../auth/authenticator.ts'
import type { FindUser } from '../../../auth/findUser.ts'
import { fieldsProblem, type Rule } from '../../../config/rule.ts'
import { either, func, group, record, withMethods } from '../../../config/rules.ts'
import { authSchemes, schemesOf, type AuthScheme } from '../../../contract/auth.ts'
import type { TlsOptions } from '../../../http/tls.ts'
import type { Contract } from '../../../contract/contract.ts'

/** How a service identifies its callers: an authenticator for each way that its contract names. */
export interface AuthOptions {
  /** Identifies users: `jwt()` of `tricube/auth`, or a function of your own. */
  readonly user?: Authenticator | FindUser
  /** Identifies programs by their API keys: `apiKeys()` of `tricube/auth`. */
  readonly key?: Authenticator
  /** Identifies other services: `mtls()` or `serviceTokens()` of `tricube/auth`. */
  readonly service?: Authenticator
}

/** The options that the part reads. */
export interface AuthPartOptions {
  /** How callers are identified. Needed for each way that the contract's `auth` names. */
  readonly auth?: AuthOptions
  /** Whether a caller may do what it asks for, by the names of operations. */
  readonly policies?: Readonly<Record<string, Policy | undefined>>
}

/** Decides whether the caller may do what it asks for. */
export type Policy = (context: never) => boolean | Promise<boolean>

const authenticator = (example: string): Rule => withMethods(`an authenticator such as ${example}`, ['open'])

const examples = {
  user: 'jwt({ issuer, audience })',
  key: 'apiKeys()',
  service: "mtls({ trust: 'spiffe://shop/' }) or serviceTokens()",
} as const

const byScheme: Rule = group<AuthOptions>(
  {
    user: {
      ...either(authenticator(examples.user), func),
      expected: `an authenticator such as ${examples.user}, or a function that finds the user`,
    },
    key: authenticator(examples.key),
    service: authenticator(examples.service),
  },
  {
    expected: 'an object like { user: jwt() }',
    problem(given: AuthOptions | undefined, path, definition) {
      const { contract } = definition as { readonly contract: Contract }
      const asking = Object.entries(contract.operations).flatMap(([name, operation]) =>
        schemesOf(operation).map((scheme) => ({ name, scheme })),
      )
      const missing = asking.find(({ scheme }) => given?.[scheme] === undefined)
      if (missing) {
        return `${path}.${missing.scheme} is missing: ${missing.name} asks for a ${missing.scheme}, set it to ${examples[missing.scheme]}`
      }
      const unused = authSchemes.find(
        (scheme) => given?.[scheme] !== undefined && !asking.some((one) => one.scheme === scheme),
      )
      if (unused === undefined) return requirementsProblem(given ?? {}, path, definition)
      return `${path}.${unused}: no operation asks for a ${unused}, set auth: '${unused}' in the contract`
    },
  },
)

/** The rule of `auth`: an authenticator for each scheme that the contract names, and no other. */
export const authRule: Rule = {
  ...byScheme,
  accepts: (value) => byScheme.accepts(value) && !Object.hasOwn(value as object, 'open'), // that is an authenticator
}

/** Returns what else an authenticator needs of its service. */
function requirementsProblem(given: AuthOptions, path: string, definition: object): string | undefined {
  const { tls } = definition as { readonly tls?: TlsOptions }
  for (const [scheme, one] of Object.entries(given)) {
    if (typeof one === 'function') {
      // Called for a request, it would return an authenticator instead of a user.
      if (one.length > 0 || one.name !== 'jwt') continue
      return `${path}.${scheme}: expected ${examples.user}, got jwt without parentheses`
    }
    if (one?.scheme !== undefined && one.scheme !== scheme) {
      return `${path}.${scheme}: expected ${examples[scheme as AuthScheme]}, got an authenticator of a ${one.scheme}`
    }
    if (one?.needsClientCertificates && !tls?.requestCert) {
      return `${path}.${scheme} needs the certificates of callers, set tls: { cert, key, ca, requestCert: true }`
    }
  }
  return undefined
}

/** The rule of `policies`: functions under the names of operations. */
export const policiesRule: Rule = {
  ...record('functions by the names of operations', func),
  problem(given: object | undefined, path, definition) {
    const { contract } = definition as { readonly contract: Contract }
    const known = Object.fromEntries(Object.keys(contract.operations).map((name) => [name, func]))
    return given && fieldsProblem(`${path}.`, given, known, definition)
  },
}
