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
    const { natsBroker } = await import('./nats.ts')
    return natsBroker(contract.name, config)
  },
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
