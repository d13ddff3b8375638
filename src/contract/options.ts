/** How answers are wrapped: `standard` is `{"code":0,"data":…}`, `plain` the data itself. */
export type Envelope = 'standard' | 'plain'

/** What may be said of a service as a whole. */
export interface ContractOptions {
  /** Heading of the documentation. Default: the name. */
  readonly title?: string
  /** What the service is for, in Markdown. */
  readonly description?: string
  /** Version of the contract, as the documentation shows it. Default `1.0.0`. */
  readonly version?: string
  /** How answers are wrapped; errors look the same in both. Default `standard`. */
  readonly envelope?: Envelope
  /** Whether each region has data of its own, so that a call never leaves the region it is for. Default false. */
  readonly partitioned?: boolean
}
