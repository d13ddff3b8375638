import { inspectConfig } from '../../config/load.ts'
import type { Setting } from '../../config/setting.ts'
import { settingsOf } from '../../service/definition/config.ts'
import type { Definition } from '../../service/definition/definition.ts'
import type { FoundService } from '../loadServices.ts'
import { ownKeyFile, serviceKeysOf, type ServiceKeys } from './serviceKeys.ts'

/** A setting without which a service does not start, and that the project sets nowhere. */
export interface Need {
  /** Its environment variable. */
  readonly variable: string
  readonly isSecret: boolean
}

/** What the configuration of a project leaves open, and what it decides. */
export interface OwnConfig {
  readonly needs: readonly Need[]
  /** Its admin port. A service whose callers need a certificate has one, because no probe can present any. */
  readonly adminPort: number | undefined
  readonly serviceKeys: ServiceKeys
  /** The variables that follow from what the service declares. */
  readonly variables: Readonly<Record<string, string>>
}

/**
 * Reads the configuration of a service. Its needs are settings of its own, of its resources and of what identifies
 * callers.
 */
export async function ownConfig(
  one: FoundService,
  all: readonly FoundService[],
  { port, root }: { readonly port: number; readonly root: string },
): Promise<OwnConfig> {
  const definition: Partial<Definition> = one.service.definition
  const settings = settingsOf(definition)
  const { values } = await inspectConfig(settings, { options: definition, env: {} })
  const serviceKeys = serviceKeysOf(one, all, values, root)
  const ofAuth = settingsOfAuth(definition).filter((variable) => variable !== 'SERVICE_KEYS_DIR') // it is mounted
  const needs = Object.entries<Setting>(settings).flatMap(([name, { variable, isRequired = false, secret }]) => {
    const isNeeded = isRequired || ofAuth.includes(variable)
    if (!isNeeded || (values as unknown as Readonly<Record<string, unknown>>)[name] !== undefined) return []
    return [{ variable, isSecret: Boolean(secret) }]
  })
  const ofProbes = definition.tls?.requestCert ? (port === usualAdminPort ? port + 1 : usualAdminPort) : undefined
  const adminPort = values.adminPort ?? ofProbes
  const variables = {
    ...(definition.tls?.requestCert && { TRICUBE_ADMIN_PORT: String(adminPort) }),
    ...(serviceKeys.own && { SERVICE_KEY_FILE: `${serviceKeys.own}/${ownKeyFile}` }),
    ...(serviceKeys.ofCallers && { SERVICE_KEYS_DIR: serviceKeys.ofCallers }),
  }
  return { needs, adminPort, serviceKeys, variables }
}

const usualAdminPort = 9400

/** The variables that a service needs to identify its callers. */
export function settingsOfAuth({ auth = {} }: Pick<Partial<Definition>, 'auth'>): readonly string[] {
  return Object.values(auth).flatMap((one) => (typeof one === 'function' ? [] : (one?.needsSettings ?? [])))
}
