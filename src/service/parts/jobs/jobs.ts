import { hostname } from 'node:os'
import { flag, func, group, record, integer } from '../../../config/rules.ts'
import type { Rule } from '../../../config/rule.ts'
import { setting } from '../../../config/setting.ts'
import type { Jobs } from '../../../contract/job.ts'
import type { LateLog } from '../../../log/late.ts'
import type { JobOutlet } from '../../../jobs/outlet.ts'
import { Scheduler } from '../../../jobs/scheduler.ts'
import { backlogQuestion } from '../../../queue/backlog.ts'
import { JobMetrics } from '../../../jobs/metrics.ts'
import { queueTables } from '../../../queue/tables.ts'
import type { Attempt } from '../../../queue/attempt.ts'
import type { AttemptEnd } from '../../../queue/task.ts'
import { QueueWatch } from '../../../queue/queueWatch.ts'
import { unhandledQuestion } from '../../../queue/unhandled.ts'
import { Wakes } from '../../../queue/wakes.ts'
import { Worker } from '../../../queue/worker.ts'
import type { Database } from '../../../sql/index.ts'
import type { Opened, Part, RequestScope } from '../../part.ts'
import { database, usesDatabase } from '../database.ts'
import { drain } from '../drain.ts'
import { metrics } from '../metrics.ts'
import { jobsRule, outlet, type JobsOptions } from './outlet.ts'
import { UnhandledJobs } from './unhandledJobs.ts'
import { jobTasks, subscriptionTaskName, subscriptionTasks } from './tasks.ts'
import { subscriptionsRule, type SubscriptionsOptions } from '../events/subscriptionsRule.ts'
import { hint } from '../../../schema/validator/nearestName.ts'

/** How a service runs its jobs. */
export interface QueueOptions {
  /** The most jobs that run at once in each process. Default: 10. */
  readonly concurrency?: number
}

/** Options of running jobs. */
export interface QueuePartOptions extends Pick<JobsOptions, 'jobHandlers'> {
  /** How the service runs its jobs. */
  readonly queue?: QueueOptions
}

/** Configuration of running jobs. */
export interface QueueConfig {
  /** Whether this process runs jobs. */
  readonly runJobs: boolean
}

/** The jobs of a service. */
export interface OpenedJobs extends Opened {
  /** Runs due jobs until none is due, without a start: for tests. */
  runDue(): Promise<number | undefined>
  readonly outlet: JobOutlet | undefined
  /** Called after each attempt: for tests. */
  onEnded: (attempt: Attempt, end: AttemptEnd) => void
}

const handlersRule: Rule = {
  ...record('a function for each job', func),
  problem(handlers: JobsOptions['jobHandlers'] = {}, path: string, options: object) {
    const { jobs = {} } = options as { readonly jobs?: Jobs }
    const missing = Object.keys(jobs).filter((name) => typeof handlers[name] !== 'function')
    const superfluous = Object.keys(handlers).find((name) => !Object.hasOwn(jobs, name))
    const nearest = superfluous === undefined ? '' : hint(superfluous, missing)
    // A misspelt handler is also missing under its right name, which would say less.
    if (missing.length > 0 && nearest === '') return `${path}: no handler for job ${missing[0]}`
    if (superfluous !== undefined) return `${path}.${superfluous}: jobs has no ${superfluous}${nearest}`
    if (Object.keys(jobs).length === 0 || usesDatabase(options)) return undefined
    return `${path}: jobs need a database: give the service models, migrations, or database: {}`
  },
}

/** Runs the jobs of a service, from its database and all shards. */
export const jobs: Part<QueuePartOptions & Pick<JobsOptions, 'jobs'> & SubscriptionsOptions, QueueConfig, OpenedJobs> =
  {
    name: 'jobs',
    options: {
      jobs: jobsRule,
      jobHandlers: handlersRule,
      subscriptions: subscriptionsRule,
      queue: group<QueueOptions>({ concurrency: integer({ min: 1 }) }),
    },
    settings: {
      runJobs: setting(flag, {
        variable: 'RUN_JOBS',
        meaning: '`false`: this process enqueues jobs and runs none, so that others do.',
        value: true,
      }),
    },
    tables: queueTables,
    needsTables: ({ jobs: declared, subscriptions }) => declared !== undefined || subscriptions !== undefined,
    async open(host, options) {
      const { use, config, log, whenListening } = host
      const { jobs: declared = {}, jobHandlers = {}, subscriptions = {} } = options
      const { jobs: jobOutlet } = await use(outlet)
      if (!options.jobs && !options.subscriptions) return none
      const { db, home } = await use(database)
      const { metrics: all, isOn } = await use(metrics)
      const { timeoutMs: drainMs } = await use(drain)
      const names = [...Object.keys(declared), ...Object.keys(subscriptions).map(subscriptionTaskName)]
      const watched = new JobMetrics(all, names)
      const onEnded: OpenedJobs['onEnded'] = (attempt, end) => opened.onEnded(attempt, end)
      const concurrency = options.queue?.concurrency ?? 10
      const stores: Store[] = [
        ...(home ? [{ name: undefined, db: home, dbFor: (scope: RequestScope) => home.forRequest(scope) }] : []),
        ...db!.shards.names.map((name) => ({
          name,
          db: db!.shard(name),
          dbFor: (scope: RequestScope) => db!.forRequest(scope).shard(name),
        })),
      ]
      const workers = stores.map(({ name: shard, db: store, dbFor }) => {
        const taskHost = { ...host, clock: jobOutlet.clock, metrics: watched, dbFor, concurrency, onEnded }
        const tasks = [
          ...jobTasks(declared, jobHandlers, jobOutlet, taskHost),
          ...subscriptionTasks(subscriptions, taskHost),
        ]
        return new Worker({
          db: store,
          name: `${hostname()} ${process.pid}`,
          tasks,
          concurrency,
          clock: jobOutlet.clock,
          onChange: (error) => logDatabase(log, shard, error),
        })
      })
      const wakes = stores.map(
        ({ db: store }, i) =>
          new Wakes({ db: store, worker: workers[i]!, onUnsupported: () => logMissingNotifications(log) }),
      )
      const watches = stores.map(
        ({ db: store }, i) =>
          new QueueWatch(backlogQuestion, {
            db: store,
            names,
            worker: () => workers[i]!.number,
            onFound: (backlog) => watched.measured(String(i), backlog),
          }),
      )
      const unhandled = new UnhandledJobs(log)
      const unhandledWatches = stores.map(
        ({ db: store }, i) =>
          new QueueWatch(unhandledQuestion, {
            db: store,
            names,
            worker: () => workers[i]!.number,
            onFound(found) {
              unhandled.report(found)
              watched.measured(`${i}, unhandled`, found)
            },
          }),
      )
      const scheduler = new Scheduler({
        db: stores[0]!.db,
        jobs: Object.values(declared).filter(({ schedule }) => schedule !== undefined),
        clock: jobOutlet.clock,
        onFired: (name) => wakes[0]!.stored(name, 0),
        onOverlap: (job, due) => log.warn({ job, due }, 'skipped a run of a schedule: the one before it has not ended'),
      })
      jobOutlet.onStored = (name, inMs) => {
        for (const wake of wakes) wake.stored(name, inMs)
      }
      whenListening(() => {
        if (!config.runJobs) return
        for (const worker of workers) worker.start()
        for (const wake of wakes) void wake.open()
        scheduler.start()
        if (isOn) for (const watch of watches) watch.start()
        for (const watch of unhandledWatches) watch.start()
      })
      const opened: OpenedJobs = {
        outlet: jobOutlet,
        onEnded: () => {},
        async runDue() {
          const scheduledInMs = await scheduler.fireDue()
          return least([scheduledInMs, ...(await Promise.all(workers.map((worker) => worker.runDue())))])
        },
        async stopTaking() {
          scheduler.stop()
          for (const watch of [...watches, ...unhandledWatches]) watch.stop()
          await Promise.all(wakes.map((wake) => wake.close()))
          await Promise.all(workers.map((worker) => worker.stopTaking()))
        },
        // Jobs that take longer run again on another instance, so the drain has not failed.
        finish: async () => void (await Promise.all(workers.map((worker) => worker.finish(drainMs * drainShare)))),
        close: async () => void (await Promise.all(workers.map((worker) => worker.close()))),
      }
      return opened
    },
  }

/** The jobs of a service that runs none. */
const none: OpenedJobs = { outlet: undefined, runDue: async () => undefined, onEnded: () => {} }

/** A database with jobs. */
interface Store {
  /** The name of the shard; undefined for the database outside of the shards. */
  readonly name: string | undefined
  readonly db: Database
  readonly dbFor: (scope: RequestScope) => Database
}

/** The share of the drain's time that running jobs get. Those that do not end run again on another instance. */
const drainShare = 0.9

function least(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length > 0 ? Math.min(...known) : undefined
}

function logDatabase(log: LateLog, shard: string | undefined, error: unknown): void {
  const fields = shard === undefined ? {} : { shard }
  if (error === undefined) log.info(fields, 'the jobs reach their database again')
  else log.warn({ ...fields, reason: (error as Error).message }, 'no jobs run: the database does not respond')
}

function logMissingNotifications(log: LateLog): void {
  log.info(
    'the pooler in front of the database passes on no notifications: this instance looks for jobs of other instances every 3 s',
  )
}
