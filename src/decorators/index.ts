import { ambient } from '../trace/ambient.ts'
import { tracedFunction, type TracedOptions } from '../trace/traced.ts'

type Method<This, Args extends never[], Result> = (this: This, ...args: Args) => Result

/**
 * Gives a method a span and one line of log, as `traced` does for a function: a standard decorator.
 *
 * A method that takes the context first is handed one of its own; others find their span through `AsyncLocalStorage`.
 *
 * @example
 * class Cities {
 *   @traced({ category: 'geography' })
 *   async find({ db }: Context, id: number) {}
 * }
 */
export function traced(
  options: TracedOptions = {},
): <This, Args extends never[], Result>(
  method: Method<This, Args, Result>,
  context: ClassMethodDecoratorContext<This, Method<This, Args, Result>>,
) => Method<This, Args, Result> {
  ambient.want()
  return (method, { name }) => tracedFunction(method, { name: String(name), ...options, ambient: true })
}
