import { fieldsProblem, type Fields, type Rule } from '../../config/rule.ts'
import { flag, func, group, integer, number, record } from '../../config/rules.ts'
import { describeValue } from '../../schema/describeValue.ts'
import { hint } from '../../schema/validator/nearestName.ts'
import type { ServerLimits } from '../../http/limits.ts'
import { trustProxyProblem } from '../../http/trustProxy.ts'
import type { Part } from '../part.ts'
import * as parts from '../parts.ts'
import { aroundRules, type AnyAroundOptions } from '../request/around.ts'
import type { Definition, OwnOptions } from './definition.ts'
import type { Hooks } from './hooks.ts'
import { Resource } from './resource.ts'
import { settingsProblem } from './settingsProblem.ts'

/** Thrown when a service is defined wrongly. The message is one line with the service and the fault. */
class DefinitionError extends TypeError {
  override readonly name: string = 'DefinitionError'
}

/**
 * Checks a definition: one handler for each operation and no others, and only known options with valid values.
 *
 * @throws {DefinitionError} one line naming the option, what was expected and what was given
 */
export function checkDefinition(definition: Definition): void {
  const { contract, ...given } = definition
  if (typeof contract !== 'object' || typeof contract?.operations !== 'object') {
    throw new DefinitionError(
      `service: expected a contract, from contract('user-service', { … }), got ${describeValue(contract)}`,
    )
  }
  const problem =
    handlersProblem(definition) ??
    fieldsProblem('', given, fields, definition) ??
    settingsProblem(definition.settings, definition.resources)
  if (problem) throw new DefinitionError(`${contract.name}: ${problem}`)
}

function handlersProblem({ contract, handlers }: Definition): string | undefined {
  if (typeof handlers !== 'object' || (handlers as unknown) === null) {
    return `handlers: expected a function for each operation, got ${JSON.stringify(handlers)}`
  }
  const names = Object.keys(contract.operations)
  const wrong = names.find((name) => handlers[name] !== undefined && typeof handlers[name] !== 'function')
  if (wrong) return `handler ${wrong}: expected a function, got ${describeValue(handlers[wrong])}`
  const superfluous = Object.keys(handlers).find((name) => !Object.hasOwn(contract.operations, name))
  const missing = names.filter((name) => handlers[name] === undefined)
  const nearest = superfluous === undefined ? '' : hint(superfluous, missing)
  // A misspelt handler is also missing under its right name, which would say less.
  if (missing.length > 0 && nearest === '') return `no handler for ${missing[0]}`
  return superfluous && `handler ${superfluous} belongs to no operation${nearest}`
}

/** Members of a context that are not values of parts. */
const reservedNames: ReadonlySet<string> = new Set([
  'params',
  'query',
  'headers',
  'body',
  'cookies',
  'response',
  'request',
  'operation',
  'span',
  'signal',
  'deadline',
  'region',
  'user',
  'key',
  'service',
  'userAuthorization',
  'cancellation',
  'keyed',
  'idempotencyKey',
  'withSpan',
  'propagate',
  'received',
  'expire',
  'detached',
  'waitUntil',
  'handled',
  'workTracker',
  'forgetMade',
  'input',
  'id',
  'attempt',
  'event',
  'eventId',
  'publishedAt',
  'due',
])

const bytes = integer({ min: 1, unit: 'bytes' })
const ms = number({ unit: 'ms' })

const ownFields: Fields<OwnOptions & AnyAroundOptions & Pick<Definition, 'handlers' | 'resources'>> = {
  ...aroundRules,
  resources: resourcesRule(),
  handlers: record('a function for each operation', func),
  hooks: group<Hooks>({ beforeStart: func, afterStart: func, beforeStop: func, afterStop: func }),
  port: integer({ max: 65_535 }),
  limits: group<ServerLimits>({
    bodyLimit: bytes,
    headersLimit: bytes,
    headerCountLimit: integer({ min: 1 }),
    urlLimit: bytes,
    queryLimit: integer({ min: 1 }),
    requestTimeoutMs: ms,
    headersTimeoutMs: ms,
    readTimeoutMs: ms,
    keepAliveTimeoutMs: ms,
  }),
  edge: flag,
  trustProxy: {
    expected: 'addresses and subnets of proxies, such as 10.0.0.0/8',
    accepts: () => true,
    problem: (given: unknown) => (given === undefined ? undefined : trustProxyProblem(given)),
  },
}

const fields: Fields = {
  ...ownFields,
  ...Object.fromEntries(
    Object.values<Part>(parts as never).flatMap(({ options = {} }): [string, Rule][] => Object.entries(options)),
  ),
}

/** `resources`: what {@link resource} has made, under names that nothing else on the context has. */
function resourcesRule(): Rule {
  return {
    ...record('resources by name'),
    problem(resources: Readonly<Record<string, unknown>> | undefined, path) {
      for (const [name, one] of Object.entries(resources ?? {})) {
        if (!(one instanceof Resource)) return `${path}.${name}: expected resource({ open, … })`
        if (reservedNames.has(name) || name in parts)
          return `${path}.${name}: the context already has a ${name}, choose another name`
      }
      return undefined
    },
  }
}
