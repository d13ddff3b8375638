// The rules of `clients` and `calls`.
import type { Fields, Rule } from '../../config/rule.ts'
import { describeValue } from '../../schema/describeValue.ts'
import { either, func, headerValues, isPlain, record, url } from '../../config/rules.ts'
import { callProblem } from '../../client/options.ts'
import type { CalleeOptions, ClientOptions } from '../../client/types.ts'
import type { Contract } from '../../contract/contract.ts'

/** Contracts of other services, under the names that handlers use. */
export type Callees = Readonly<Record<string, Contract>>

/** The rule of `clients`: a contract under each name. */
export const contractsRule: Rule = {
  ...record('contracts of other services, under the names that handlers use'),
  problem(clients: Callees | undefined, path) {
    const wrong = Object.entries(clients ?? {}).find(([, callee]) => typeof callee?.operations !== 'object')
    return wrong && `${path}.${wrong[0]} is not a contract`
  },
}

/** The rule of `calls`: options for services that are in `clients`. */
export const callsRule: Rule = {
  ...record('options for calls, under the names of the clients'),
  problem(calls: Readonly<Record<string, ClientOptions & CalleeOptions>> | undefined, path, definition) {
    const { clients = {} } = definition as { clients?: Callees }
    for (const [name, options = {}] of Object.entries(calls ?? {})) {
      if (!Object.hasOwn(clients, name)) return `${path}.${name} belongs to none of the clients`
      const problem = isPlain(options)
        ? (callProblem(`${path}.${name}.`, options, clients[name]!, calleeOptions) ??
          urlProblem(`${path}.${name}.url`, options, clients[name]!))
        : `${path}.${name}: expected an object, got ${describeValue(options)}`
      if (problem) return problem
    }
    return undefined
  },
}

const calleeOptions: Fields<CalleeOptions> = {
  headers: headerValues,
  url: either(url('https://sandbox.example.com/v1'), func),
}

function urlProblem(path: string, options: CalleeOptions, callee: Contract): string | undefined {
  if (options.url === undefined || callee.external) return undefined
  return `${path}: ${callee.name} is found by discovery: use TRICUBE_SERVICES, or describe it by external()`
}
