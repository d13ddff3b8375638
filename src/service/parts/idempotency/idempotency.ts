import { func, group } from '../../../config/rules.ts'
import type { Rule } from '../../../config/rule.ts'
import type { Contract } from '../../../contract/contract.ts'
import type { Opened, Part } from '../../part.ts'
import { usesDatabase } from '../database.ts'
import type { KeyedHandler } from './handler.ts'
import { oncePerKey } from './oncePerKey.ts'
import { compileScope, type IdempotencyOptions } from './scope.ts'
import { tables } from './tables.ts'

/** Runs operations once for each key. */
export interface Idempotency extends Opened {
  /** Wraps the handler of an operation; returns it as it is unless the operation is `idempotent: 'by key'`. */
  wrap(name: string, handler: KeyedHandler): KeyedHandler
}

/** The options that idempotency reads. */
export interface IdempotencyPartOptions {
  /** How repeated calls of operations that are `idempotent: 'by key'` are recognized. */
  readonly idempotency?: IdempotencyOptions
}

const rule: Rule = group<IdempotencyOptions>(
  { scope: func },
  {
    problem(_given, _path, definition) {
      const { contract } = definition as { contract: Contract }
      const byKey = Object.keys(contract.operations).find((name) => isByKey(contract, name))
      if (byKey === undefined || usesDatabase(definition)) return undefined
      return `${byKey} is idempotent 'by key', which needs a database: give the service models, migrations, or database: {}`
    },
  },
)

/** Runs the handler of an operation that is `idempotent: 'by key'` once for each key of a caller. */
export const idempotency: Part<IdempotencyPartOptions, {}, Idempotency> = {
  name: 'idempotency',
  options: { idempotency: rule },
  tables,
  needsTables: ({ contract }) => Object.keys(contract.operations).some((name) => isByKey(contract, name)),
  open({ contract }, options) {
    const scopeOf = compileScope(options.idempotency)
    return {
      wrap(name, handler) {
        if (!isByKey(contract, name)) return handler
        return oncePerKey(`${contract.name}.${name}`, contract.operations[name]!, handler, scopeOf)
      },
    }
  },
}

function isByKey({ operations }: Contract, name: string): boolean {
  return operations[name]!.idempotent === 'by key'
}
