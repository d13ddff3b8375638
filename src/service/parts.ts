import type { FastifyInstance } from 'fastify'
import { InFlight } from '../http/inFlight.ts'
import { lateLog, type LateLog } from '../log/late.ts'
import { standardOutput } from '../log/output.ts'
import type { Database } from '../sql/index.ts'
import { Certificates } from '../tls/certificates.ts'
import { Admission } from './admission.ts'
import type { Config } from './config.ts'
import type { Runtime } from './context.ts'
import type { Definition } from './definition.ts'
import { Drain } from './drain.ts'
import { tellEnd } from './endedRequest.ts'
import type { Readiness } from './health.ts'
import { Logging } from './logging.ts'
import { Metering } from './metering.ts'
import type { Overrides } from './overrides.ts'
import { RateLimits } from './rateLimits/rateLimits.ts'
import { serverOf } from './server.ts'
import { Targets } from './targets.ts'
import { Tracing } from './tracing.ts'
import { openGroup, type Group } from './workers/group.ts'
import { admissionShare } from './workers/share.ts'

/** What parts ask of the application that they belong to. */
interface Whole {
  readonly readiness: () => Promise<Readiness>
  /** From the first request on. */
  readonly runtime: () => Runtime
}

/** What an application is made of before it starts: nothing of it does anything yet. */
export class Parts {
  readonly name: string
  readonly group: Group
  readonly logging: Logging
  /** For what is made before it is known how to log. */
  readonly log: LateLog = lateLog(() => this.logging.log)
  readonly tracing: Tracing = new Tracing()
  readonly metering: Metering
  readonly inFlight: InFlight
  readonly rateLimits: RateLimits
  readonly admission: Admission
  readonly certificates: Certificates
  readonly targets: Targets
  readonly fastify: FastifyInstance
  readonly addOperations: () => void
  readonly drain: Drain

  constructor(definition: Definition, { checkResponse }: Overrides, { readiness, runtime }: Whole) {
    const { contract } = definition
    this.name = contract.name
    this.group = openGroup({ readiness, metrics: () => this.metering.metrics.snapshot() })
    this.logging = new Logging(this.name, this.group.number)
    this.metering = new Metering(contract.operations, definition.tls ? 'https' : 'http', (metric) =>
      this.log.warn({ metric }, 'a metric has more than 2,000 combinations of label values'),
    )
    this.inFlight = new InFlight((ended) => tellEnd(this, ended))
    this.rateLimits = new RateLimits(contract, definition.rateLimits, this.metering.metrics)
    const admission = admissionShare(definition.admission ?? {}, this.group.size)
    this.admission = new Admission(contract, admission, this.metering.requests, this.inFlight)
    this.certificates = new Certificates(definition.tls, this.log)
    this.targets = new Targets(definition, this.metering, this.certificates, this.log)
    const { fastify, addOperations } = serverOf(definition, this, {
      runtime,
      checkResponse,
      draining: () => this.drain.begun,
    })
    this.fastify = fastify
    this.addOperations = addOperations
    this.drain = new Drain(this.name, this.fastify, this.inFlight, definition.drain)
  }

  /** Begins to count. */
  measure({ version, databaseUrl }: Config, db: Database | undefined): void {
    this.metering.metrics.onScrape(this.inFlight.tellEnded)
    this.metering.open({
      service: this.name,
      version,
      inFlight: () => this.inFlight.size,
      db,
      hasHome: databaseUrl !== undefined,
      spans: () => this.tracing.stats,
      droppedLines: () => standardOutput().dropped,
    })
  }
}
