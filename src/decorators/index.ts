import { ambient } from '../trace/ambient.ts'
import { tracedFunction, type TracedOptions } from '../trace/traced.ts'

type Method<This, Args extends never[], Result> = (this: This, ...args: Args) => Result

/**
 * Gives a method a span and a log line, as `traced` does for a function. It is a standard decorator.
 *
 * A method whose first argument is the context gets a context with that span. Other methods find the span through
 * `AsyncLocalStorage`.
 *
 * @example
 * ```ts
 * class Cities {
 *   @traced({ category: 'geography' })
 *   async find({ db }: Context, id: number): Promise<City> {
 *     return db.one<City>`SELECT id, name FROM cities WHERE id = ${id}`
 *   }
 * }
 * ```
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
