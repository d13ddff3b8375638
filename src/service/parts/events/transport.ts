import { readFile } from 'node:fs/promises'
import { ConfigError } from '../../../config/configError.ts'
import { listOf, number, text, url, integer } from '../../../config/rules.ts'
import { setting } from '../../../config/setting.ts'
import type { EventSource } from '../../../events/source.ts'
import type { EventStream } from '../../../events/stream.ts'
import type { Subscription } from '../../../events/subscription.ts'
import type { Opened, Part } from '../../part.ts'

/** What carries events between services. */
export interface TransportConfig {
  /** The servers of NATS. Empty: subscribers read from the publishers themselves. */
  readonly eventsUrls: readonly string[]
  readonly eventsCredentialsFile: string | undefined
  readonly eventsCaFile: string | undefined
  readonly eventsCertFile: string | undefined
  readonly eventsKeyFile: string | undefined
  readonly eventsReplicas: number
  readonly eventsMaxAgeMs: number
  readonly eventsMaxBytes: number | undefined
}

/** A message broker between publishers and subscribers. */
export interface Broker {
  /** Returns the stream of a publisher. */
  stream(service: string): EventStream
  /** Returns the source of a subscription of `service`. */
  source(service: string, name: string, subscription: Subscription): EventSource
}

/** The broker of a service. */
export interface OpenedTransport extends Opened {
  /** Undefined when there is none. */
  readonly broker: Broker | undefined
}

const path = text('the path of a file')

/** Carries events over a broker when the configuration names one. */
export const transport: Part<{}, TransportConfig, OpenedTransport> = {
  name: 'events transport',
  settings: {
    eventsUrls: setting<readonly string[]>(
      listOf(url('nats://nats:4222', ['nats', 'tls']), 'nats://host:4222 or tls://host:4222, separated by commas'),
      {
        variable: 'EVENTS_URL',
        meaning: 'The NATS servers that carry events, see [events](events-nats.md).',
        value: [],
        fallback: 'none: subscribers read from the publisher',
        secret: true,
      },
    ),
    eventsCredentialsFile: setting<string | undefined>(path, {
      variable: 'EVENTS_CREDENTIALS',
      meaning: 'A `.creds` file to log in to NATS with.',
      value: undefined,
    }),
    eventsCaFile: setting<string | undefined>(path, {
      variable: 'EVENTS_CACERT',
      meaning: 'Who signs the certificate of NATS, a file in PEM.',
      value: undefined,
    }),
    eventsCertFile: setting<string | undefined>(path, {
      variable: 'EVENTS_CLIENT_CERT',
      meaning: "The service's certificate for NATS, a file in PEM.",
      value: undefined,
    }),
    eventsKeyFile: setting<string | undefined>(path, {
      variable: 'EVENTS_CLIENT_KEY',
      meaning: 'The key of that certificate, a file in PEM.',
      value: undefined,
    }),
    eventsReplicas: setting<number>(integer({ min: 1, max: 5 }), {
      variable: 'EVENTS_REPLICAS',
      meaning: "How many servers of NATS keep the service's events.",
      value: 1,
    }),
    eventsMaxAgeMs: setting<number>(number({ min: 60_000, unit: 'ms' }), {
      variable: 'EVENTS_MAX_AGE_MS',
      meaning: "How long NATS keeps the service's events.",
      value: 7 * 86_400_000,
    }),
    eventsMaxBytes: setting<number | undefined>(integer({ min: 1 }), {
      variable: 'EVENTS_MAX_BYTES',
      meaning: "How much space the service's events may take in NATS. The oldest are deleted beyond it.",
      value: undefined,
      fallback: 'no limit',
    }),
  },
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
