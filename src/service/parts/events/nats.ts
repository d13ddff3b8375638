import { loadPackages, NatsLink } from '../../../events/nats/link.ts'
import { NatsSource } from '../../../events/nats/source.ts'
import { NatsStream } from '../../../events/nats/stream.ts'
import type { OpenedTransport } from './broker.ts'
import type { TransportConfig } from './transportConfig.ts'

/** Opens a broker over NATS. It connects when there is something to do. */
export async function natsBroker(name: string, config: TransportConfig): Promise<OpenedTransport> {
  const options = {
    urls: config.eventsUrls,
    name,
    credentials: config.eventsCredentialsFile,
    ca: config.eventsCaFile,
    cert: config.eventsCertFile,
    key: config.eventsKeyFile,
  }
  const link = new NatsLink(options, await loadPackages())
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
