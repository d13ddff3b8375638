// The rules of the options for calls.
import { fieldsProblem, problemOf, type Fields } from '../config/rule.ts'
import { describeValue } from '../schema/describeValue.ts'
import {
  either,
  exactly,
  flag,
  func,
  group,
  headerValues,
  integer,
  isPlain,
  number,
  oneOf,
  pemFile,
  record,
  text,
  url,
  withMethods,
} from '../config/rules.ts'
import type { Contract } from '../contract/contract.ts'
import type { EjectionOptions } from '../resilience/ejection.ts'
import type { Registry } from '../discovery/registry.ts'
import type { CertificateFiles } from '../tls/certificates.ts'
import { anyTimeoutMsRule, operationRules } from './call/callOptions.ts'
import { headerName } from './call/headers.ts'
import { breakerRule, retryBudgetRule } from './protectionRules.ts'
import type { Locality } from './target/members.ts'
import type { TokenSource } from './token.ts'
import type { BalancerName, ClientOptions } from './types.ts'

/** Options of `client`: where the service is, and how to call it. */
export interface StandaloneOptions<Callee extends Contract> extends Omit<ClientOptions<Callee>, 'forward'>, Locality {
  /** The URL of the service or of its load balancer, such as `https://api.example.com`. Set this or `registry`. */
  readonly url?: string
  /** The registry that has the instances of the service. Set this or `url`. */
  readonly registry?: Registry
  /** Headers of all calls, or a function that returns them for each call, for example with a token. */
  readonly headers?: Readonly<Record<string, string>> | (() => Readonly<Record<string, string>>)
  /** Returns the token of each call. After a 401 it is asked once for another one. */
  readonly token?: TokenSource
}

/** Returns what is wrong with the options for calls to a service, as one line; undefined when they are valid. */
export function callProblem(
  prefix: string,
  options: ClientOptions,
  callee: Contract,
  more: Fields = {},
): string | undefined {
  const { operations = {} } = options
  if (!isPlain(operations)) return fieldsProblem(prefix, options, { ...clientOptions, ...more }, options)
  const unknown = Object.keys(operations).find((name) => !Object.hasOwn(callee.operations, name))
  if (unknown) return `${prefix}operations.${unknown} is not an operation of ${callee.name}`
  for (const [name, own] of Object.entries(operations)) {
    const problem = own && problemOf(`${prefix}operations.${name}`, own, group(operationRules), operations)
    if (problem) return problem
  }
  return fieldsProblem(prefix, options, { ...clientOptions, ...more }, options)
}

const balancers: readonly BalancerName[] = ['p2c', 'round-robin', 'random', 'least-loaded', 'consistent-hash']
const never = exactly(false)

const { timeoutMs, retries, hedge } = operationRules
const clientOptions: Fields<ClientOptions> = {
  timeoutMs,
  retries,
  hedge,
  balancer: oneOf(balancers),
  ejection: either(
    never,
    group<Omit<EjectionOptions, 'random'>>({
      consecutiveFailures: integer({ min: 1 }),
      baseMs: number({ unit: 'ms' }),
      maxMs: number({ unit: 'ms' }),
      maxShare: number({ max: 1 }),
    }),
  ),
  breaker: breakerRule,
  retryBudget: retryBudgetRule,
  subset: either(never, integer({ min: 1 })),
  tls: group<CertificateFiles>({ cert: pemFile, key: pemFile, ca: pemFile }),
  maxResponseBytes: integer({ min: 1, unit: 'bytes' }),
  lanes: flag,
  checkResponses: flag,
  forward: {
    expected: 'a list of header names',
    accepts: (value) => Array.isArray(value) && value.every((one) => typeof one === 'string'),
    problem: (names: readonly string[] | undefined, path) =>
      names?.map((name) => headerProblem(path, name)).find(Boolean),
  },
  operations: record('options for single operations'),
}

function headerProblem(path: string, name: string): string | undefined {
  try {
    headerName(path, name)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** The further options of a client outside of a service. */
const standalone: Fields<
  Pick<StandaloneOptions<Contract>, 'timeoutMs' | 'url' | 'registry' | 'headers' | 'token' | 'region' | 'zone'>
> = {
  url: {
    ...url('https://api.example.com'),
    problem: (address: string | undefined, path) =>
      address !== undefined && new URL(address).origin !== address.replace(/\/$/, '')
        ? `${path}: expected an origin like https://api.example.com, got ${describeValue(address)}: the paths are in the contract`
        : undefined,
  },
  registry: withMethods('a registry such as staticRegistry({ … })', ['watch']),
  headers: headerValues,
  token: func,
  timeoutMs: anyTimeoutMsRule,
  region: text('a region'),
  zone: text('a zone'),
}

/**
 * Checks the options of `client`.
 *
 * @throws {TypeError} one line that names the service, the option, the expected and the actual value
 */
export function checkStandalone(contract: Contract, options: StandaloneOptions<Contract>): void {
  const fail = (problem: string): never => {
    throw new TypeError(`client(${contract?.name ?? '…'}): ${problem}`)
  }
  if (!isPlain(contract?.operations)) fail(`expected a contract, got ${describeValue(contract)}`)
  const problem = isPlain(options)
    ? callProblem('', options, contract, standalone)
    : `options: expected an object, got ${describeValue(options)}`
  if (problem) fail(problem)
  const { url: address, registry } = options
  if ((address === undefined) === (registry === undefined)) {
    fail(`expected a url like http://127.0.0.1:8030 or a registry, got ${address === undefined ? 'neither' : 'both'}`)
  }
}
