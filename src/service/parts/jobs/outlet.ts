import { record } from '../../../config/rules.ts'
import type { Rule } from '../../../config/rule.ts'
import type { Jobs } from '../../../contract/job.ts'
import { EventOutlet } from '../../../events/outlet.ts'
import { scheduleProblem } from '../../../jobs/schedule.ts'
import { JobOutlet } from '../../../jobs/outlet.ts'
import type { Outlet } from '../../../sql/api/outlet.ts'
import type { Opened, Part } from '../../part.ts'

/** The options of a service with jobs. */
export interface JobsOptions {
  /** The jobs that it can enqueue and run, declared by `jobs`. */
  readonly jobs?: Jobs
  /** The handler of each job. */
  readonly jobHandlers?: Readonly<Record<string, (context: never) => unknown>>
}

/** Stores the jobs and events of a service. */
export interface OpenedOutlet extends Opened {
  readonly jobs: JobOutlet
  readonly events: EventOutlet
  /** The outlets for its database. */
  readonly outlet: Outlet
}

/** The rule of `jobs`. */
export const jobsRule: Rule = {
  ...record('jobs by name, as jobs({ … }) makes them'),
  problem(jobs: Jobs | undefined, path: string) {
    for (const [name, job] of Object.entries(jobs ?? {})) {
      if (job?.name !== name) return `${path}.${name}: expected a job that jobs({ ${name}: … }) has made`
      const problem = scheduleProblem(job)
      if (problem !== undefined) return `${path}.${name}: ${problem}`
    }
    return undefined
  },
}

/** Opens the outlets of jobs and events, before the database that uses them. */
export const outlet: Part<Pick<JobsOptions, 'jobs'>, {}, OpenedOutlet> = {
  name: 'outlet',
  options: { jobs: jobsRule },
  open({ contract }, { jobs: declared = {} }) {
    const jobs = new JobOutlet(contract.name, declared)
    const events = new EventOutlet(contract.name, contract.events)
    return {
      jobs,
      events,
      outlet: {
        enqueue: (to, job, input, options) => jobs.enqueue(to, job, input, options),
        publish: (to, event, payload) => events.publish(to, event, payload),
        cancelJob: (sql, id) => jobs.cancelJob(sql, id),
      },
    }
  },
}
