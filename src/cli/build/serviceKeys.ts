import type { Authenticator } from '../../auth/authenticator.ts'
import { accepts } from '../../contract/auth.ts'
import type { Config } from '../../service/definition/config.ts'
import type { FoundService, LoadedDefinition } from '../loadServices.ts'
import { pathInContainer } from './certificates.ts'

/** Where a container has the keys by which services identify themselves to each other. */
export interface ServiceKeys {
  /** The folder of its own private key; undefined if it needs none. */
  readonly own: string | undefined
  /** The folder of the public keys of its callers; undefined if it needs none, or has them in its image. */
  readonly ofCallers: string | undefined
}

/** The file with the private key of a service. */
export const ownKeyFile = 'service-key.pem'

/** Returns which keys a service needs. Those that the configuration of the project names are none of them. */
export function serviceKeysOf(
  { definition }: FoundService,
  all: readonly FoundService[],
  { serviceKeyFile, serviceKeysDir }: Partial<Config>,
  root: string,
): ServiceKeys {
  const called = new Set(Object.values(definition.clients ?? {}).map(({ name }) => name))
  const signs = all.some((other) => called.has(other.definition.contract.name) && wantsTokens(other))
  return {
    own: signs && serviceKeyFile === undefined ? '/run/service-key' : undefined,
    ofCallers: folderOf(definition, serviceKeysDir, root),
  }
}

function wantsTokens({ definition }: FoundService): boolean {
  const { operations } = definition.contract
  return readerOf(definition) !== undefined && Object.values(operations).some((one) => accepts(one, 'service'))
}

function folderOf(definition: LoadedDefinition, configured: string | undefined, root: string): string | undefined {
  const reader = readerOf(definition)
  if (!reader) return undefined
  if (reader.folder === undefined) return configured === undefined ? '/run/service-keys' : undefined
  const path = pathInContainer(reader.folder, root)
  return path.startsWith('/app/') ? undefined : path
}

/** What reads the public keys of a service's callers. */
function readerOf({ auth }: LoadedDefinition): Authenticator['serviceKeys'] {
  return auth?.service?.serviceKeys
}
