// The tasks of a service: those of its jobs, and those of its subscriptions.
import type { Job, Jobs } from '../../../contract/job.ts'
import type { Subscription, Subscriptions } from '../../../events/subscription.ts'
import type { JobOutlet } from '../../../jobs/outlet.ts'
import type { Task } from '../../../queue/task.ts'
import { compileRead } from '../../../schema/standard/convert.ts'
import { compileReceivedCheck, firstProblem } from '../../../schema/validator/check.ts'
import type { JobsOptions } from './outlet.ts'
import { taskOf, type TaskHost } from './task.ts'

/** The tasks of jobs. */
export function jobTasks(
  declared: Jobs,
  handlers: NonNullable<JobsOptions['jobHandlers']>,
  outlet: JobOutlet,
  host: TaskHost,
): Task[] {
  return Object.values(declared).map((job) =>
    taskOf(
      {
        ...job,
        handler: handlers[job.name]!,
        isOrdered: job.key !== undefined || job.schedule !== undefined,
        onDead: 'skip',
        retries: job.retries ?? (job.schedule === undefined ? 25 : 10),
        read: ({ name, input, dueAt }) => ({ input: outlet.read(name, input), due: dueOf(job, input, dueAt) }),
      },
      host,
    ),
  )
}

/** Returns the scheduled time of a job. For a job that was enqueued by hand: when it was due. */
function dueOf({ schedule }: Job, input: string, dueAt: number): Date {
  if (schedule === undefined) return new Date(dueAt)
  const { due } = (JSON.parse(input) ?? {}) as { readonly due?: string }
  return new Date(due ?? dueAt)
}

/** The tasks of subscriptions: each received event is a job. */
export function subscriptionTasks(subscriptions: Subscriptions, host: TaskHost): Task[] {
  return Object.entries(subscriptions).map(([name, subscription]) => subscriptionTask(name, subscription, host))
}

function subscriptionTask(name: string, { event, ...options }: Subscription, host: TaskHost): Task {
  const readJson = compileRead(event.payload, compileReceivedCheck(event.payload, 'input'))
  return taskOf(
    {
      ...options,
      name: subscriptionTaskName(name),
      isOrdered: event.key !== undefined,
      onDead: options.onDead ?? 'skip',
      retries: options.retries ?? 25,
      read({ input }) {
        const { id, publishedAt, event: payload } = JSON.parse(input) as StoredEvent
        const read = readJson(payload)
        if (read.problems) {
          const what = `${event.service}.${event.name}`
          throw new TypeError(`the payload of ${what} does not match its schema: ${firstProblem(read.problems)}`)
        }
        const idempotencyKey = `${host.contract.name}.${name}.${id}`
        return { event: read.value, eventId: id, publishedAt: new Date(publishedAt), idempotencyKey }
      },
    },
    host,
  )
}

/** The stored form of a received event. */
interface StoredEvent {
  readonly id: string
  readonly publishedAt: number
  readonly event: unknown
}

/** Returns the name of a subscription's jobs. No declared job can have it. */
export function subscriptionTaskName(subscription: string): string {
  return `on ${subscription}`
}
