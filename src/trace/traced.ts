import { ambient, isSpanContext, type LevelLog, type SpanContext, type SpanScope } from './ambient.ts'
import { errorTypeOf } from './errorType.ts'
import { spanTemplate } from './spanTemplate.ts'
import { sourceNameOf } from './sourceName.ts'
import type { Span } from './span.ts'
import { recordOf } from './recordOf.ts'

/** Options of `traced`. */
export interface TracedOptions {
  /** The name. Default: the function's. */
  readonly name?: string
  /** The kind of work, for instance `method` or `task`. */
  readonly type?: string
  /** The area that it belongs to, for instance `billing`. */
  readonly category?: string
  /** The message of its log line. Default: the name. */
  readonly detail?: string
  /** One sentence for the reader of the log. */
  readonly description?: string
  /** The level of its log line after a success; `silent` writes none. A failure is at least a warning. Default `info`. */
  readonly level?: keyof LevelLog | 'silent'
  /** Whether it has a span. Default: true. */
  readonly trace?: boolean
  /** Whether to log its arguments; secrets are redacted by their names. Default: false. */
  readonly args?: boolean
}

/** For a function without a context argument: finds its span by `AsyncLocalStorage`. */
export interface AmbientOptions extends TracedOptions {
  readonly ambient: true
}

type AnyFunction = (...args: never[]) => unknown

/** A function whose first argument is no context needs `ambient: true`. */
type OptionsFor<Fn extends AnyFunction> =
  Parameters<Fn> extends [infer First, ...unknown[]]
    ? First extends SpanScope
      ? [options?: TracedOptions]
      : [options: AmbientOptions]
    : [options: AmbientOptions]

/**
 * Gives a function a span and a log line with its duration and outcome.
 *
 * A function whose first argument is a context receives one whose `db`, `clients` and `log` belong to its own span. Other
 * functions need `ambient: true` and find their span by `AsyncLocalStorage`. In a job, they start a new trace.
 *
 * @example
 * const getCity = traced(async function getCity({ db }: Context, id: number) {
 *   return db.one<City>`SELECT id, name FROM cities WHERE id = ${id}`
 * }, { category: 'geography' })
 */
export function traced<Fn extends AnyFunction>(fn: Fn, ...options: OptionsFor<Fn>): Fn {
  const [tracedOptions = {}] = options as readonly [(TracedOptions & Partial<AmbientOptions>)?]
  if (tracedOptions.ambient) ambient.want()
  return tracedFunction(fn, tracedOptions)
}

/** Wraps a function of any type. */
export function tracedFunction<Fn extends AnyFunction>(fn: Fn, options: TracedOptions & Partial<AmbientOptions>): Fn {
  const { name = sourceNameOf(fn) || 'anonymous', type, category, trace = true, ambient: mayBegin = false } = options
  const template = spanTemplate(name, {
    attributes: {
      'code.function.name': name,
      ...(type !== undefined && { 'tricube.type': type }),
      ...(category !== undefined && { 'tricube.category': category }),
    },
  })
  const report = reporter(name, options)
  const run = fn as unknown as (this: unknown, ...args: unknown[]) => unknown

  const wrapped = function (this: unknown, ...args: unknown[]): unknown {
    const scope = isSpanContext(args[0]) ? args[0] : ambient.scope
    const home = scope || !mayBegin ? undefined : ambient.home
    if (!scope && !home) return run.apply(this, args)
    const startedAt = performance.now()
    const span = !trace
      ? undefined
      : home
        ? home.root(template, startedAt)
        : scope && recordOf(scope.span).child(template, startedAt)
    const { log } = (scope ?? home)!
    const end = (error: unknown, hasFailed: boolean): void => {
      if (hasFailed) span?.fail(error)
      span?.end()
      report(log, performance.now() - startedAt, hasFailed ? errorTypeOf(error) : undefined, args)
    }
    return observed(() => within(scope ?? { log }, span, args, (inner) => run.apply(this, inner)), end)
  }
  Object.defineProperty(wrapped, 'name', { value: sourceNameOf(fn) })
  Object.defineProperty(wrapped, 'length', { value: fn.length })
  return wrapped as unknown as Fn
}

/** Runs a function under its own span, both in the context argument and in the ambient scope. */
function within(
  scope: Pick<SpanScope, 'log'> | SpanContext,
  span: Span | undefined,
  args: unknown[],
  run: (args: unknown[]) => unknown,
): unknown {
  if (!span) return run(args)
  const inner = isSpanContext(scope) ? scope.withSpan(span) : { span, log: scope.log }
  const innerArgs = args[0] === scope ? [inner, ...args.slice(1)] : args
  return ambient.isWanted ? ambient.run(inner, () => run(innerArgs)) : run(innerArgs)
}

/** Reports the end of a function, at once or when its promise settles. */
function observed(run: () => unknown, end: (error: unknown, hasFailed: boolean) => void): unknown {
  let result: unknown
  try {
    result = run()
  } catch (error) {
    end(error, true)
    throw error
  }
  if (!(result instanceof Promise)) {
    end(undefined, false)
    return result
  }
  return result.then(
    (value: unknown) => {
      end(undefined, false)
      return value
    },
    (error: unknown) => {
      end(error, true)
      throw error
    },
  )
}

type Report = (log: LevelLog, durationMs: number, errorType: string | undefined, args: readonly unknown[]) => void

function reporter(name: string, options: TracedOptions): Report {
  const { type, category, description, detail = name, level = 'info', args: withArgs = false } = options
  if (level === 'silent') return () => {}
  const failureLevel = level === 'error' || level === 'fatal' ? level : 'warn'
  return (log, durationMs, errorType, args) => {
    const fields = {
      function: name,
      type,
      category,
      description,
      outcome: errorType === undefined ? 'success' : 'failure',
      error_type: errorType,
      duration_ms: Math.round(durationMs * 1000) / 1000,
      ...(withArgs && { args: args.filter((arg) => !isSpanContext(arg)) }),
    }
    if (errorType === undefined) log[level](fields, detail)
    else log[failureLevel](fields, detail)
  }
}
