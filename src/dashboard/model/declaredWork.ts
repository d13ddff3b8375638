/** What a service does besides its operations, as it declares it. */

/** A JSON Schema. */
type Schema = Readonly<Record<string, unknown>>

/** An event of a contract. */
export interface DeclaredEvent {
  readonly name: string
  readonly description?: string | undefined
  /** The field of its payload by which it is ordered. */
  readonly key?: string | undefined
  /** Undefined if no JSON Schema can describe it. */
  readonly payload?: Schema | undefined
}

/** A subscription to an event of another service. */
export interface DeclaredSubscription {
  readonly name: string
  /** The service that publishes its event. */
  readonly publisher: string
  readonly event: string
}

/** A job. */
export interface DeclaredJob {
  readonly name: string
  readonly description?: string | undefined
  /** Undefined without input, or if no JSON Schema can describe it. */
  readonly input?: Schema | undefined
  /** The cron pattern and the time zone. */
  readonly schedule?: string | undefined
}

/** The events, subscriptions and jobs of a service. */
export interface DeclaredWork {
  readonly events: readonly DeclaredEvent[]
  readonly subscriptions: readonly DeclaredSubscription[]
  readonly jobs: readonly DeclaredJob[]
}

/** An event with the subscriptions to it, each by its service and its name. */
export interface EventWithSubscribers extends DeclaredEvent {
  readonly subscribers: readonly { readonly service: string; readonly name: string }[]
}

/** The work of a service, as the page shows it. */
export interface ShownWork extends DeclaredWork {
  readonly events: readonly EventWithSubscribers[]
}
