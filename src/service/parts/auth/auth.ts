import type { onRequestHookHandler } from 'fastify'
import type { Authenticator, AuthHost, LoginIssuer, OpenAuthenticator } from '../../../auth/authenticator.ts'
import { keyTables } from '../../../auth/keys/tables.ts'
import { foundUsers, type FindUser } from '../../../auth/findUser.ts'
import { decorateIdentities } from '../../../auth/identity.ts'
import { ConfigError } from '../../../config/configError.ts'
import { text, url } from '../../../config/rules.ts'
import { setting, type Settings } from '../../../config/setting.ts'
import { authSchemes, type AuthScheme } from '../../../contract/auth.ts'
import type { Operation } from '../../../contract/operation.ts'
import type { Database } from '../../../sql/index.ts'
import { NotReady, type Checks } from '../../lifecycle/readiness.ts'
import type { Opened, Part } from '../../part.ts'
import { database } from '../database.ts'
import { Access } from './access.ts'
import { authRule, policiesRule, type AuthPartOptions } from './options.ts'

/** Configuration of auth. */
export interface AuthConfig {
  /** The issuer of tokens, for a `jwt()` that names none (`AUTH_ISSUER`). */
  readonly authIssuer: string | undefined
  /** The audience that tokens must name, for a `jwt()` that names none (`AUTH_AUDIENCE`). Default: the service's name. */
  readonly authAudience: string | undefined
  /** The folder with the public keys of calling services, for a `serviceTokens()` that names none (`SERVICE_KEYS_DIR`). */
  readonly serviceKeysDir: string | undefined
}

/** Decides who may call the operations of a service. */
export interface Auth extends Opened {
  /** Compiles the check of an operation's callers; none for a public operation. */
  onRequest(operation: Operation): onRequestHookHandler[]
  /** Where users log in; undefined if that is not known. */
  readonly login?: LoginIssuer | undefined
}

const settings: Settings<AuthConfig> = {
  authIssuer: setting<string | undefined>(url('https://id.example.com'), {
    variable: 'AUTH_ISSUER',
    meaning: 'The issuer of the tokens of users, for a `jwt()` that names none.',
    value: undefined,
  }),
  authAudience: setting<string | undefined>(text('the name of an audience'), {
    variable: 'AUTH_AUDIENCE',
    meaning: 'The audience that tokens must name, for a `jwt()` that names none.',
    value: undefined,
    fallback: "the service's name",
  }),
  serviceKeysDir: setting<string | undefined>(text('the path of a folder'), {
    variable: 'SERVICE_KEYS_DIR',
    meaning: 'The folder with the public keys of the services that call, for a `serviceTokens()` that names none.',
    value: undefined,
  }),
}

/** How a test replaces what identifies callers. */
export interface AuthReplacement {
  /** Wraps an authenticator. */
  readonly replace: (real: Authenticator, scheme: AuthScheme) => Authenticator
  readonly fetches: AuthHost['fetches']
}

const inProduction: AuthReplacement = { replace: (real) => real, fetches: 'early' }

/** Makes the part that identifies callers. */
export function authPart({ replace, fetches }: AuthReplacement = inProduction): Part<
  AuthPartOptions,
  AuthConfig,
  Auth
> {
  return {
    name: 'auth',
    options: { auth: authRule, policies: policiesRule },
    settings,
    tables: keyTables,
    needsTables: ({ auth: options = {} }) => options.key?.needsDatabase === true,
    async open({ contract, config, log, fastify, use, work }, { auth: options = {} }) {
      const home = async (): Promise<Database> => {
        const { home: db } = await use(database)
        if (!db) throw new ConfigError(`auth of ${contract.name} needs a database: set DATABASE_URL`)
        return db
      }
      if (Object.keys(options).length > 0) decorateIdentities(fastify)
      const opened = new Map<AuthScheme, OpenAuthenticator>()
      for (const scheme of authSchemes) {
        const own = options[scheme]
        if (own === undefined) continue
        const host: AuthHost = {
          scheme,
          service: contract.name,
          log,
          issuer: config.authIssuer,
          audience: config.authAudience,
          serviceKeys: config.serviceKeysDir,
          database: home,
          background: (name, promise) => work.until(name, promise),
          fetches,
        }
        opened.set(scheme, await replace(authenticatorOf(own), scheme).open(host))
      }
      const access = new Access(contract.name, opened)
      return {
        onRequest: (operation) => access.onRequest(operation),
        login: opened.get('user')?.login,
        checks: checksOf(opened),
        async close() {
          for (const one of opened.values()) await one.close?.()
        },
      }
    },
  }
}

/** Identifies callers, and rejects those that may not call an operation. */
export const auth: Part<AuthPartOptions, AuthConfig, Auth> = authPart()

function authenticatorOf(own: Authenticator | FindUser): Authenticator {
  return typeof own === 'function' ? foundUsers(own) : own
}

/** A service without keys still handles its public operations, so it stays ready. */
function checksOf(opened: ReadonlyMap<AuthScheme, OpenAuthenticator>): Checks {
  const watched = [...opened].filter(([, { problem }]) => problem !== undefined)
  return Object.fromEntries(
    watched.map(([scheme, one]) => [
      `auth ${scheme}`,
      {
        isRequired: false,
        async run() {
          const problem = one.problem!()
          if (problem !== undefined) throw new NotReady(problem)
        },
      },
    ]),
  )
}
