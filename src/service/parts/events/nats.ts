import { ConfigError } from '../../../config/configError.ts'
import { loadPackages, NatsLink } from '../../../events/nats/link.ts'
import { NatsSource } from '../../../events/nats/source.ts'
import { NatsStream } from '../../../events/nats/stream.ts'
import type { OpenedTransport } from './broker.ts'
import type { TransportConfig } from './transportConfig.ts'

/**
 * Opens a broker over NATS. It connects when there is something to do.
 *
 * @throws {ConfigError} when the packages for NATS are missing
 */
export async function natsBroker(name: string, config: TransportConfig): Promise<OpenedTransport> {
  const options = {
    urls: config.eventsUrls,
    name,
    credentials: config.eventsCredentialsFile,
    ca: config.eventsCaFile,
    cert: config.eventsCertFile,
    key: config.eventsKeyFile,
  }
  const link = new NatsLink(options, await loadPackages().catch(missing))
  const limits = {
    maxAgeMs: config.eventsMaxAgeMs,
    maxBytes: config.eventsMaxBytes,
    replicas: config.eventsReplicas,
  }
  return {
    broker: {
      stream: (service, onRejected) => new NatsStream(link, service, limits, onRejected),
      source: (service, subscription, options) => new NatsSource(link, service, subscription, options),
    },
    close: () => link.close(),
  }
}

function missing(cause: unknown): never {
  const packages = '@nats-io/transport-node@3.3.1 @nats-io/jetstream@3.3.1'
  throw new ConfigError(`EVENTS_URL names NATS, and its packages are missing: npm install ${packages}`, { cause })
}
