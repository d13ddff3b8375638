import { readFile } from 'node:fs/promises'
import { ConfigError } from '../../../config/configError.ts'
import type { Part } from '../../part.ts'
import type { OpenedTransport } from './broker.ts'
import { transportSettings, type TransportConfig } from './transportConfig.ts'

/** Carries events over a broker when the configuration names one. */
export const transport: Part<{}, TransportConfig, OpenedTransport> = {
  name: 'events transport',
  settings: transportSettings,
  async open({ config, contract }) {
    if (config.eventsUrls.length === 0) return { broker: undefined }
    await checkFiles(config)
    const { natsBroker } = await load()
    return natsBroker(contract.name, config)
  },
}

/** @throws {ConfigError} when the packages for NATS are missing */
async function load(): Promise<typeof import('./nats.ts')> {
  try {
    await import('@nats-io/transport-node')
    await import('@nats-io/jetstream')
  } catch (cause) {
    throw new ConfigError(
      'EVENTS_URL names NATS, and its packages are missing: npm install @nats-io/transport-node@3.3.1 @nats-io/jetstream@3.3.1',
      { cause },
    )
  }
  return import('./nats.ts')
}

/** @throws {ConfigError} when a file that the configuration names cannot be read: better now than at the first event */
async function checkFiles(config: TransportConfig): Promise<void> {
  const { eventsCredentialsFile, eventsCaFile, eventsCertFile, eventsKeyFile } = config
  for (const [variable, file] of [
    ['EVENTS_CREDENTIALS', eventsCredentialsFile],
    ['EVENTS_CACERT', eventsCaFile],
    ['EVENTS_CLIENT_CERT', eventsCertFile],
    ['EVENTS_CLIENT_KEY', eventsKeyFile],
  ] as const) {
    if (file === undefined) continue
    await readFile(file).catch((cause: Error) => {
      throw new ConfigError(`${variable}: ${cause.message}`, { cause })
    })
  }
}

/** Returns why something failed, in one line. */
export function reasonOf(error: unknown): string {
  const { message, cause } = error as Error
  return cause instanceof Error && cause.message !== message ? `${message}: ${cause.message}` : message
}
