import { fieldsProblem, type Rule } from '../../config/rule.ts'
import { func, group, listOf, record } from '../../config/rules.ts'
import type { Contract } from '../../contract/contract.ts'
import type { Operations, OutputOf } from '../../contract/operation.ts'
import type { Callees } from '../parts/calls.ts'
import type { Context } from './context.ts'

/**
 * Code around a handler. `next` runs the inner code and resolves to its result. The return value is the response, and a
 * thrown error is the error.
 *
 * @example
 * async function onlyAdmins<Output>({ request }: Context, next: () => Promise<Output>): Promise<Output> {
 *   if (!isAdmin(request)) throw new Forbidden('admins only')
 *   return next()
 * }
 */
export type Around<Ctx, Output> = (context: Ctx, next: () => Promise<Output>) => Output | Promise<Output>

/** The context of one of several operations. `operation` is its name, which also narrows the type of its input. */
export type ContextOf<Ops extends Operations, Others extends Callees, Own> = {
  [Name in keyof Ops]: Context<Ops[Name], Others> & { readonly operation: Name } & Own
}[keyof Ops]

/** Options for the code around handlers. */
export interface AroundOptions<Ops extends Operations, Others extends Callees, Own> {
  /** Runs around the handler of every operation, the first outermost. The input is already checked. */
  readonly around?: readonly Around<ContextOf<Ops, Others, Own>, OutputOf<Ops[keyof Ops]>>[]
  /** Options for single operations, by their names. */
  readonly operations?: {
    readonly [Name in keyof Ops]?: {
      /** Runs around the handler of this operation, inside the code around all handlers. */
      readonly around?: readonly Around<ContextOf<Pick<Ops, Name>, Others, Own>, OutputOf<Ops[Name]>>[]
    }
  }
}

/** The same for any operation. */
export interface AnyAroundOptions {
  readonly around?: readonly AnyAround[]
  readonly operations?: Readonly<Record<string, { readonly around?: readonly AnyAround[] } | undefined>>
}

type AnyAround = (context: never, next: () => Promise<unknown>) => unknown

/** Composes the code around a handler into one function. A handler with nothing around it stays as it is. */
export function fold<Ctx>(
  { around = [], operations = {} }: AnyAroundOptions,
  name: string,
  handler: (context: Ctx) => unknown,
): (context: Ctx) => unknown {
  return [...around, ...(operations[name]?.around ?? [])].reduceRight<typeof handler>(
    (inner, layer) => (context) => layer(context as never, async () => inner(context)),
    handler,
  )
}

const layers = listOf(func, 'a list of functions (ctx, next) => …')
const ofOperation = group<{ around?: readonly AnyAround[] }>({ around: layers })

/** The rules of `AroundOptions`. */
export const aroundRules: { readonly around: Rule; readonly operations: Rule } = {
  around: layers,
  operations: {
    ...record('options by the names of operations', ofOperation),
    problem(given: object | undefined, path, definition) {
      const { contract } = definition as { readonly contract: Contract }
      const known = Object.fromEntries(Object.keys(contract.operations).map((name) => [name, ofOperation]))
      return given && fieldsProblem(`${path}.`, given, known, definition)
    },
  },
}
