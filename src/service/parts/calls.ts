// The rules of `clients` and `calls`.
import { fieldsProblem, type Fields, type Rule } from '../../config/rule.ts'
import { exactly, either, flag, func, group, number, oneOf, record, wholeNumber } from '../../config/rules.ts'
import { headerName } from '../../client/call/headers.ts'
import type { BalancerName, ClientOptions, OperationOptions } from '../../client/types.ts'
import type { Contract } from '../../contract/contract.ts'
import type { EjectionOptions } from '../../resilience/ejection.ts'
import type { RetryBudgetOptions } from '../../resilience/retryBudget.ts'
import type { ThrottleOptions } from '../../resilience/breaker.ts'
import { certificateFiles } from './tls.ts'

/** The contracts of other services, under the names that handlers know them by. */
export type Callees = Readonly<Record<string, Contract>>

/** `clients`: a contract under each name. */
export const contractsRule: Rule = {
  ...record('contracts of other services, under the names that handlers use'),
  problem(clients: Callees | undefined, path) {
    const wrong = Object.entries(clients ?? {}).find(([, callee]) => typeof callee?.operations !== 'object')
    return wrong && `${path}.${wrong[0]} is not a contract`
  },
}

/** `calls`: options for services that are among the `clients`. */
export const callsRule: Rule = {
  ...record('options for calls, under the names of the clients'),
  problem(calls: Readonly<Record<string, ClientOptions>> | undefined, path, whole) {
    const { clients = {} } = whole as { clients?: Callees }
    for (const [name, options = {}] of Object.entries(calls ?? {})) {
      if (!Object.hasOwn(clients, name)) return `${path}.${name} belongs to none of the clients`
      const problem = callProblem(`${path}.${name}`, options, clients[name]!)
      if (problem) return problem
    }
    return undefined
  },
}

/** What is wrong with the options for calls to a service, as one line; undefined when nothing is. */
function callProblem(path: string, options: ClientOptions, callee: Contract): string | undefined {
  const { operations = {} } = options
  const unknown = Object.keys(operations).find((name) => !Object.hasOwn(callee.operations, name))
  if (unknown) return `${path}.operations.${unknown} is no operation of ${callee.name}`
  for (const [name, own] of Object.entries(operations)) {
    const problem = own && fieldsProblem(`${path}.operations.${name}.`, own, operationOptions, operations)
    if (problem) return problem
  }
  return fieldsProblem(`${path}.`, options, clientOptions, options)
}

const balancers: readonly BalancerName[] = ['p2c', 'round-robin', 'random', 'least-loaded', 'consistent-hash']
const never = exactly(false)
const timeoutMs = number({ min: 1, unit: 'ms' })
const hedge = group<NonNullable<OperationOptions['hedge']>>({ afterP: number({ min: 0, max: 100 }) })

const operationOptions: Fields<OperationOptions> = { timeoutMs, retries: wholeNumber(), hedge, fallback: func }

const clientOptions: Fields<ClientOptions> = {
  timeoutMs,
  retries: wholeNumber(),
  hedge,
  balancer: oneOf(balancers),
  ejection: either(
    never,
    group<Omit<EjectionOptions, 'random'>>({
      consecutiveFailures: wholeNumber({ min: 1 }),
      baseMs: number({ unit: 'ms' }),
      maxMs: number({ unit: 'ms' }),
      maxShare: number({ max: 1 }),
    }),
  ),
  breaker: either(
    never,
    group<Omit<ThrottleOptions, 'random'>>({
      windowMs: number({ min: 1, unit: 'ms' }),
      protection: wholeNumber(),
      probeMs: number({ unit: 'ms' }),
    }),
  ),
  retryBudget: either(
    never,
    group<RetryBudgetOptions>({ share: number(), perSecond: number(), windowMs: number({ min: 1, unit: 'ms' }) }),
  ),
  subset: either(never, wholeNumber({ min: 1 })),
  tls: group(certificateFiles),
  maxAnswerBytes: wholeNumber({ min: 1, unit: 'bytes' }),
  checkAnswers: flag,
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
    headerName(name)
    return undefined
  } catch (error) {
    return `${path}: ${(error as Error).message}`
  }
}
