import { extended } from '../../config/hide.ts'
import type { CheckResponse } from '../../http/operation/respond.ts'
import type { Server } from '../../http/server.ts'
import type { Logger } from '../../log/logger.ts'
import type { Metrics } from '../../metrics/metrics.ts'
import type { Database } from '../../sql/index.ts'
import type { BackgroundWork } from '../background/backgroundWork.ts'
import type { Config, LiveConfig } from '../definition/config.ts'
import type { Definition } from '../definition/definition.ts'
import { resourceParts } from '../definition/resource.ts'
import * as parts from '../parts.ts'
import { RequestContext } from '../request/requestContext.ts'
import { compilePipeline } from '../request.ts'
import type { AnyPart, OpenParts, Use } from './openParts.ts'

/** The values of a started service. */
export interface Running {
  readonly config: LiveConfig
  readonly log: Logger
  readonly metrics: Metrics
  readonly db: Database | undefined
  /** The longest that a stop may take, in milliseconds. */
  readonly stopLimitMs: number
}

/** Opens the parts that the application itself uses. The log is opened first, so that it is closed last. */
export async function openCore(use: Use, config: Config): Promise<Running> {
  const { log } = await use(parts.log)
  const { watch } = await use(parts.discovery)
  const { metrics } = await use(parts.metrics)
  const { db } = await use(parts.db)
  const { limitMs: stopLimitMs } = await use(parts.drain)
  return { config: extended(config, { watch }), log, metrics, db, stopLimitMs }
}

/** Everything that the parts are connected to. */
export interface Wiring {
  readonly definition: Definition
  readonly parts: OpenParts
  readonly server: Server
  readonly work: BackgroundWork
  readonly checkResponse: CheckResponse | undefined
}

/** Opens all parts, and connects them to the server and to background work. */
export async function openAll(
  use: Use,
  { definition, parts: open, server, work, checkResponse }: Wiring,
): Promise<void> {
  const all: Readonly<Record<string, AnyPart>> = { ...parts, ...resourceParts(definition.resources ?? {}) }
  for (const part of Object.values(all)) await use(part)
  const tracing = await use(parts.trace)
  const values = open.valuesOf(all)
  work.open(values, tracing)
  server.open(
    compilePipeline(definition, {
      allowOrigin: (await use(parts.cors)).allowOrigin,
      admission: await use(parts.admission),
      tracing,
      auth: await use(parts.auth),
      rateLimits: await use(parts.rateLimits),
      metrics: await use(parts.metrics),
      logging: await use(parts.log),
      Context: RequestContext.with(values, tracing, work),
      idempotency: await use(parts.idempotency),
      preSerialization: server.preSerialization,
      checkResponse,
      cookies: (await use(parts.cookies)).codec,
    }),
  )
}
