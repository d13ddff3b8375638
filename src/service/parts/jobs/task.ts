import type { JobMetrics } from '../../../jobs/metrics.ts'
import type { QueueClock } from '../../../queue/clock.ts'
import type { ClaimedJob } from '../../../queue/job.ts'
import type { RateLimit } from '../../../queue/limits.ts'
import type { Attempt } from '../../../queue/attempt.ts'
import type { AttemptEnd, Task } from '../../../queue/task.ts'
import type { Database } from '../../../sql/index.ts'
import { UnitOfWork } from '../../../sql/transaction/unit.ts'
import { fullJitter } from '../../../time/backoff.ts'
import { spanTemplate } from '../../../trace/spanTemplate.ts'
import type { SpanLink } from '../../../trace/span.ts'
import type { Host, RequestScope } from '../../part.ts'

/** Runs the jobs of one name. */
export interface TaskOptions extends Pick<Task, 'name' | 'isOrdered' | 'onDead'> {
  readonly handler: JobHandler
  readonly retries: number
  readonly backoff?: { readonly baseMs?: number; readonly capMs?: number } | undefined
  readonly timeoutMs?: number | undefined
  readonly concurrency?: number | undefined
  readonly globalConcurrency?: number | undefined
  readonly rateLimit?: RateLimit | undefined
  readonly transaction?: boolean | undefined
  /** Returns the members that a job adds to its context. Throws when its input breaks its schema. */
  readonly read: (job: ClaimedJob) => Record<string, unknown>
}

/** A handler of any job. */
type JobHandler = (context: never) => unknown

/** What the tasks of a service share. */
export interface TaskHost extends Pick<Host, 'contract' | 'log' | 'work'> {
  readonly clock: QueueClock
  readonly metrics: JobMetrics
  /** The database of the jobs, as a context sees it. */
  readonly dbFor: (scope: RequestScope) => Database
  /** The most jobs that run at once in this process. */
  readonly concurrency: number
  readonly onEnded: (attempt: Attempt, end: AttemptEnd) => void
}

/** Compiles the runner of a job. */
export function taskOf(options: TaskOptions, host: TaskHost): Task {
  const { name, handler, read, transaction = true, retries, timeoutMs = 60_000, backoff = {} } = options
  const { contract, log, metrics, concurrency } = host
  const template = spanTemplate(name, {
    kind: 'consumer',
    attributes: {
      'messaging.system': 'tricube',
      'messaging.operation.type': 'process',
      'messaging.destination.name': name,
    },
    slots: ['messaging.message.id', 'tricube.job.attempt'],
  })
  return {
    name,
    concurrency: options.concurrency ?? concurrency,
    globalConcurrency: options.globalConcurrency,
    rateLimit: options.rateLimit,
    isOrdered: options.isOrdered,
    onDead: options.onDead,
    retries,
    timeoutMs,
    backoff: fullJitter({
      random: () => host.clock.random(),
      baseMs: backoff.baseMs ?? 2000,
      capMs: backoff.capMs ?? 43_200_000,
    }),
    async run(attempt) {
      const { id, attempt: number, createdAt, trace } = attempt.job
      const values: Record<string, unknown> = {
        id,
        attempt: number,
        idempotencyKey: `${contract.name}.${name}.${id}.${Math.round(createdAt)}`,
        ...read(attempt.job),
      }
      const { signal } = attempt.cancellation
      await host.work.run({ template, timeoutMs, signal, links: linksOf(trace), values }, (context) => {
        context.span.set('messaging.message.id', String(id))
        context.span.set('tricube.job.attempt', number)
        return transaction
          ? inTransaction(attempt, context, host.dbFor(context), values, handler)
          : outside(context, host.dbFor(context), values, handler)
      })
    },
    overdue({ job }, goesOn) {
      const fields = { job: job.name, jobId: job.id, attempt: job.attempt, timeoutMs }
      if (goesOn === 'kept') log.warn(fields, overdueMessages.kept)
      else log.error(fields, overdueMessages.left)
    },
    ended(attempt, end) {
      metrics.ended(attempt, end)
      host.onEnded(attempt, end)
      logEnd(log, attempt, end)
    },
  }
}

/** Runs a handler whose `db` is the transaction that completes its job. */
async function inTransaction(
  attempt: Attempt,
  context: RequestScope,
  db: Database,
  values: Record<string, unknown>,
  handler: JobHandler,
): Promise<void> {
  const unit = new UnitOfWork(db, async () => {})
  give(context, values, unit.db)
  try {
    await handler(context as never)
    const writes = unit.isOpen // without a transaction, there is nothing to commit
    await unit.commit(async (tx) => {
      if (writes) attempt.completeIn(tx)
    })
  } catch (error) {
    await unit.rollback(error)
    await attempt.fence()
    throw error
  }
}

async function outside(
  context: RequestScope,
  db: Database,
  values: Record<string, unknown>,
  handler: JobHandler,
): Promise<void> {
  give(context, values, db)
  await handler(context as never)
}

/** Sets the database of a context and of its copies under other spans. */
function give(context: RequestScope, values: Record<string, unknown>, db: Database): void {
  values['db'] = db
  Object.defineProperty(context, 'db', { value: db, enumerable: true })
}

/** The span that enqueued it. */
function linksOf(trace: string | null): readonly SpanLink[] {
  const [, traceId, spanId] = trace?.split('-') ?? []
  return traceId && spanId ? [{ traceId, spanId }] : []
}

const overdueMessages = {
  kept: 'a job goes on after its timeoutMs, because its handler ignores the signal: it is retried when the handler ends',
  left: 'the handler of a job still runs ten minutes after its timeoutMs: the job is retried beside it',
} as const

function logEnd(log: TaskHost['log'], { job }: Attempt, { outcome, error, retryInMs }: AttemptEnd): void {
  const fields = { job: job.name, jobId: job.id, attempt: job.attempt }
  if (outcome === 'failed') log.warn({ ...fields, err: error, retryInMs }, 'a job failed, it will run again')
  else if (outcome === 'dead') log.error({ ...fields, err: error }, 'a job failed for the last time: it is dead')
  else if (outcome === 'lost') log.warn({ ...fields, reason: (error as Error).message }, 'a job was lost')
  else if (outcome === 'returned') log.info(fields, 'a job was returned to the queue, another instance runs it')
}
