// Your own checks of `/health/ready`.
import type { Rule } from '../../../config/rule.ts'
import { either, flag, func, group, number, record } from '../../../config/rules.ts'
import { HttpError } from '../../../contract/httpError.ts'
import type { LateLog } from '../../../log/late.ts'
import { healthCheck } from '../../lifecycle/healthCheck.ts'
import { NotReady, type Checks } from '../../lifecycle/readiness.ts'

/** The argument of a check. */
export interface HealthCheckContext<Settings = {}> {
  /** The values of the service's own settings. */
  readonly settings: Settings
  /** Aborts at the check's timeout. */
  readonly signal: AbortSignal
}

/**
 * Checks a dependency of the service. The check fails when the function throws, rejects or returns `false`.
 *
 * `/health/ready` shows the message of an `HttpError`. Of any other error it shows only the failure, and the log has
 * the rest.
 */
export type HealthCheckFunction<Settings = {}> = (context: HealthCheckContext<Settings>) => unknown

/** A check with options. */
export interface HealthCheck<Settings = {}> {
  readonly check: HealthCheckFunction<Settings>
  /**
   * Whether the service is not ready while it fails. If false, `/health/ready` only shows the failure. Default: true.
   */
  readonly required?: boolean
  /** Milliseconds until it counts as failed. Default 800. */
  readonly timeoutMs?: number
}

/** Checks under the names that `/health/ready` shows. */
export type HealthChecks<Settings = {}> = Readonly<
  Record<string, HealthCheckFunction<Settings> | HealthCheck<Settings>>
>

/** What `/health/ready` shows of the service's parts. */
const reservedNames: ReadonlySet<string> = new Set(['database', 'migrations', 'tables'])

export const checksRule: Rule = {
  ...record(
    'functions by the names of checks',
    either(
      func,
      group<HealthCheck>(
        { check: func, required: flag, timeoutMs: number({ min: 1, unit: 'ms' }) },
        {
          expected: '{ check, required, timeoutMs }',
          problem: (one: HealthCheckFunction | HealthCheck, path) =>
            'check' in one || typeof one === 'function'
              ? undefined
              : `${path}.check: expected a function, got undefined`,
        },
      ),
    ),
  ),
  problem(checks: HealthChecks | undefined, path, definition) {
    const { resources = {} } = definition as { resources?: object }
    const taken = Object.keys(checks ?? {}).find((name) => reservedNames.has(name) || Object.hasOwn(resources, name))
    return taken && `${path}.${taken}: there is a check ${taken} already, choose another name`
  },
}

/** Creates the checks that readiness runs. */
export function compileChecks(own: HealthChecks, settings: object, log: LateLog): Checks {
  const entries = Object.entries(own).map(([name, declared]) => {
    const { check, required = true, timeoutMs } = typeof declared === 'function' ? { check: declared } : declared
    const run = healthCheck({ name, log, timeoutMs, run: (signal) => runCheck(check, { settings, signal }) })
    return [name, { run, isRequired: required }] as const
  })
  return Object.fromEntries(entries)
}

async function runCheck(check: HealthCheckFunction, context: HealthCheckContext): Promise<void> {
  let isWell: unknown
  try {
    isWell = await check(context)
  } catch (cause) {
    throw new NotReady(cause instanceof HttpError ? cause.message : 'failing', { cause })
  }
  if (isWell === false) throw new NotReady('failing')
}
