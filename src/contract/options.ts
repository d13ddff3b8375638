import type { Auth } from './auth.ts'

/** The form of response bodies: `standard` is `{"code":0,"data":…}`, `plain` is the data alone. */
export type Envelope = 'standard' | 'plain'

/** Options of a contract, for the service as a whole. */
export interface ContractOptions {
  /** Heading of the documentation. Default: the name of the service. */
  readonly title?: string
  /** Description of the service, in Markdown. */
  readonly description?: string
  /** Version of the contract, as the documentation shows it. Default `1.0.0`. */
  readonly version?: string
  /** The form of response bodies; errors look the same in both. Default `standard`. */
  readonly envelope?: Envelope
  /** Who may call the operations that have no `auth` of their own. Default: everyone. */
  readonly auth?: Auth
  /** The beginning of all paths, such as `/v1`. Default: none. */
  readonly prefix?: `/${string}`
  /** Whether a slash at the end of a path makes no difference. Default: `never`, such a path is a 404. */
  readonly trailingSlash?: 'never' | 'optional'
  /** Whether each region has its own data, so that a call never leaves its region. Default false. */
  readonly partitioned?: boolean
}

/** The names of these options. */
export const optionNames: readonly string[] = [
  'title',
  'description',
  'version',
  'envelope',
  'prefix',
  'trailingSlash',
  'auth',
  'partitioned',
  'events',
]
