import { headerName } from '../client/headers.ts'
import type { ClientOptions, OperationOptions } from '../client/types.ts'
import type { CorsOptions } from '../http/cors.ts'
import type { ServerLimits } from '../http/limits.ts'
import type { TlsOptions } from '../http/tls.ts'
import { trustProxyProblem } from '../http/trustProxy.ts'
import type { AdmissionOptions } from './admission.ts'
import { usesDatabase, type DatabaseSettings, type Definition, type Hooks } from './definition.ts'
import type { DrainOptions } from './drain.ts'
import type { LogOptions } from './logConfig.ts'
import type { IdempotencyOptions } from './idempotency/options.ts'
import { rateLimitsProblem, type RateLimitOptions } from './rateLimits/options.ts'
import type { TraceOptions } from './tracing.ts'

/** A service that cannot be; the message is one line that names it and what is wrong. */
class DefinitionError extends TypeError {
  override readonly name: string = 'DefinitionError'
}

/**
 * Checks that there is a function for each operation and none besides, and no option that nobody reads.
 *
 * @throws {DefinitionError} one line naming what is missing or superfluous
 */
export function checkDefinition(definition: Definition): void {
  const problem = problemOf(definition)
  if (problem) throw new DefinitionError(`${definition.contract.name}: ${problem}`)
}

/** What `service` is given besides the contract. */
type Given = Omit<Definition, 'contract'>

function problemOf({ contract, ...given }: Definition): string | undefined {
  const { handlers, clients = {}, calls = {}, tls } = given
  const missing = Object.keys(contract.operations).find((name) => typeof handlers[name] !== 'function')
  if (missing) return `no handler for ${missing}`
  const superfluous = Object.keys(handlers).find((name) => !Object.hasOwn(contract.operations, name))
  if (superfluous) return `handler ${superfluous} belongs to no operation`
  const notContract = Object.keys(clients).find((name) => typeof clients[name]?.operations !== 'object')
  if (notContract) return `clients.${notContract} is not a contract`
  const nobody = Object.keys(calls).find((name) => !Object.hasOwn(clients, name))
  if (nobody) return `calls.${nobody} belongs to none of the clients`
  if (tls?.requestCert && tls.ca === undefined)
    return `tls.requestCert needs tls.ca, else anybody's certificate would do`
  const byKey = Object.keys(contract.operations).find((name) => contract.operations[name]!.idempotent === 'by key')
  if (byKey && !usesDatabase({ contract, ...given })) {
    return `${byKey} is idempotent 'by key', which needs a database: give the service models, migrations, or database: {}`
  }
  const untrusted = given.trustProxy === undefined ? undefined : trustProxyProblem(given.trustProxy)
  if (untrusted) return untrusted
  return unknownOption(given) ?? rateLimitsProblem(contract.operations, given.rateLimits)
}

/** The compiler sees a misspelt option; `tricube dev` and JavaScript do not ask it. */
function unknownOption(given: Given): string | undefined {
  let problem = unknownIn('', given, options)
  for (const [group, names] of Object.entries(options)) {
    if (names !== true) problem ??= unknownIn(`${group}.`, given[group as keyof Given], names)
  }
  return problem ?? callsProblem(given)
}

function callsProblem({ calls = {}, clients = {} }: Given): string | undefined {
  for (const [name, options = {}] of Object.entries(calls)) {
    const { name: callee, operations: known } = clients[name]!
    let problem = unknownIn(`calls.${name}.`, options, call) ?? forwardProblem(name, options)
    for (const [operation, own] of Object.entries(options.operations ?? {})) {
      const where = `calls.${name}.operations.${operation}`
      if (!Object.hasOwn(known, operation)) problem ??= `${where} is no operation of ${callee}`
      problem ??= unknownIn(`${where}.`, own, operationCall)
    }
    if (problem) return problem
  }
  return undefined
}

function forwardProblem(name: string, { forward = [] }: ClientOptions): string | undefined {
  try {
    for (const header of forward) headerName(header)
    return undefined
  } catch (error) {
    return `calls.${name}.forward: ${(error as Error).message}`
  }
}

function unknownIn(where: string, given: unknown, names: object): string | undefined {
  if (typeof given !== 'object' || given === null) return undefined
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(names, name))
  return unknown && `unknown option ${where}${unknown}, expected ${Object.keys(names).sort().join(', ')}`
}

/** Every name of an interface, so that one that is added there has to be added here. */
type Names<Options> = { readonly [Name in keyof Required<Options>]: true }

const limits: Names<ServerLimits> = {
  bodyLimit: true,
  headersLimit: true,
  headerCountLimit: true,
  urlLimit: true,
  queryLimit: true,
  requestTimeoutMs: true,
  headersTimeoutMs: true,
  readTimeoutMs: true,
  keepAliveTimeoutMs: true,
}

const database: Names<DatabaseSettings> = {
  maxLagMs: true,
  shards: true,
  lanes: true,
  pool: true,
  acquireTimeoutMs: true,
  statementTimeoutMs: true,
  idleTimeoutMs: true,
  maxLifetimeMs: true,
  preparedStatements: true,
  checkSessions: true,
  types: true,
}

const call: Names<ClientOptions> = {
  timeoutMs: true,
  retries: true,
  hedge: true,
  balancer: true,
  ejection: true,
  breaker: true,
  retryBudget: true,
  subset: true,
  tls: true,
  maxAnswerBytes: true,
  checkAnswers: true,
  forward: true,
  operations: true,
}
const operationCall: Names<OperationOptions> = { timeoutMs: true, retries: true, hedge: true, fallback: true }

const hooks: Names<Hooks> = { beforeStart: true, afterStart: true, beforeStop: true, afterStop: true }
const cors: Names<CorsOptions> = { origins: true, credentials: true, exposedHeaders: true, maxAgeSeconds: true }
const tls: Names<TlsOptions> = { cert: true, key: true, ca: true, requestCert: true, http2: true }
const drain: Names<DrainOptions> = { preStopDelayMs: true, delayMs: true, timeoutMs: true }
const admission: Names<AdmissionOptions> = { targetDelayMs: true, maxConcurrency: true }
const rateLimits: Names<RateLimitOptions> = { store: true, keys: true }
const idempotency: Names<IdempotencyOptions> = { scope: true }
const log: Names<LogOptions> = { level: true, format: true, file: true, requests: true }
const trace: Names<TraceOptions> = {
  keep: true,
  sampler: true,
  exporter: true,
  tracer: true,
  opentelemetry: true,
  headers: true,
}

/** What `service` reads; `true`: whatever is in it is checked elsewhere, or is the user's. */
const options: {
  readonly [Name in keyof Required<Given>]: true | Readonly<Record<string, true>>
} = {
  handlers: true,
  clients: true,
  calls: true,
  models: true,
  migrations: true,
  requireMigrations: true,
  database,
  seed: true,
  hooks,
  cors,
  port: true,
  limits,
  tls,
  edge: true,
  trustProxy: true,
  drain,
  rateLimits,
  admission,
  idempotency,
  log,
  trace,
}
