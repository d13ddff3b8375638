import { integer, listOf, number, url } from '../../../config/rules.ts'
import { fileSetting, setting, type Settings } from '../../../config/setting.ts'

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

/** Where the values come from. */
export const transportSettings: Settings<TransportConfig> = {
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
  eventsCredentialsFile: fileSetting('EVENTS_CREDENTIALS', 'A `.creds` file to log in to NATS with.'),
  eventsCaFile: fileSetting('EVENTS_CACERT', 'Who signs the certificate of NATS, a file in PEM.'),
  eventsCertFile: fileSetting('EVENTS_CLIENT_CERT', "The service's certificate for NATS, a file in PEM."),
  eventsKeyFile: fileSetting('EVENTS_CLIENT_KEY', 'The key of that certificate, a file in PEM.'),
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
}
