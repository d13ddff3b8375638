import type { IncomingHttpHeaders } from 'node:http'
import type { Cancellation } from '../../resilience/cancellation.ts'
import type { Deadline } from '../../time/deadline.ts'
import type { Span } from '../../trace/span.ts'
import type { RequestScope } from '../part.ts'
import { BaseContext, type ContextValues, type WorkTracker } from '../request/baseContext.ts'
import { forwardHeader, regionOf } from '../request/forwardedHeaders.ts'

/** What background work began with: a request, a message, or neither. */
export type Origin = Pick<RequestScope, 'request' | 'params' | 'query' | 'headers' | 'body' | 'region'> &
  Required<Pick<RequestScope, 'propagate' | 'received'>>

/** The state of a background context. */
export interface Background {
  readonly operation: string
  readonly origin: Origin
  readonly deadline: Deadline
  readonly span: Span
  readonly cancellation: Cancellation
  readonly values?: Readonly<Record<string, unknown>> | undefined
}

/** The class of a service's background contexts. */
export type BackgroundClass = new (background: Background) => BackgroundContext

/** The context of work that outlives a request, or has none. */
export class BackgroundContext extends BaseContext implements RequestScope {
  readonly cancellation: Cancellation
  readonly keyed: undefined
  readonly #background: Background

  constructor(background: Background) {
    super(background.operation, background.deadline, background.span)
    this.cancellation = background.cancellation
    this.#background = background
    for (const [name, value] of Object.entries(background.values ?? {})) {
      Object.defineProperty(this, name, { value, enumerable: true }) // may also replace a value that every context has
    }
  }

  /** Compiles the class of a service's contexts. */
  static with(values: ContextValues, workTracker: WorkTracker): BackgroundClass {
    class ServiceContext extends BackgroundContext {
      protected override get workTracker(): WorkTracker {
        return workTracker
      }
    }
    BaseContext.define(ServiceContext, values)
    return ServiceContext
  }

  protected get workTracker(): WorkTracker {
    throw new TypeError('this context belongs to no service')
  }

  get signal(): AbortSignal {
    return this.cancellation.signal
  }

  get request(): RequestScope['request'] {
    return this.#background.origin.request
  }

  get params(): {} {
    return this.#background.origin.params
  }

  get query(): {} {
    return this.#background.origin.query
  }

  get headers(): RequestScope['headers'] {
    return this.#background.origin.headers
  }

  get body(): unknown {
    return this.#background.origin.body
  }

  get region(): string | undefined {
    return this.#background.origin.region
  }

  propagate(headers: Record<string, string>): void {
    this.#background.origin.propagate(headers)
  }

  received(name: string): string | undefined {
    return this.#background.origin.received(name)
  }

  withSpan(span: Span): this {
    const Class = this.constructor as BackgroundClass
    return new Class({ ...this.#background, span }) as this
  }
}

/** Returns the origin of work for a message. Without headers, the work belongs to no message. */
export function messageOrigin(
  headers: IncomingHttpHeaders,
  { forwardsBaggage }: { readonly forwardsBaggage: boolean },
): Origin {
  return {
    request: undefined,
    params: {},
    query: {},
    headers,
    body: undefined,
    region: regionOf(headers),
    propagate(outgoing) {
      const id = headers['x-request-id']
      if (typeof id === 'string') outgoing['x-request-id'] = id
      if (forwardsBaggage) forwardHeader('baggage', headers, outgoing)
    },
    received(name) {
      const value = headers[name]
      return typeof value === 'string' ? value : undefined
    },
  }
}
