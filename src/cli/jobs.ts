import { parseArgs } from 'node:util'
import {
  cancelAllWaiting,
  cancelJob,
  countJobs,
  deadNames,
  listJobs,
  retryAllDead,
  retryJob,
  waitingNames,
  type JobState,
  type ListedJob,
} from '../queue/admin.ts'
import type { Failure } from '../queue/failure.ts'
import type { Database } from '../sql/index.ts'
import { columns, fieldLines, noneOf, print } from './columns.ts'
import { CliError } from './failure.ts'
import { checkCommand, databaseOptions, databaseUsage, onDatabase, type DatabaseCommand } from './onDatabase.ts'

const usage = `Usage: tricube jobs <command> [--url <database> | --service <name>]

  list [--state waiting|running|dead] [--name <job>] [--limit <n>] [--json]
  show <id>
  retry <id>             run a dead job again, or one that waits now
  retry --dead <job>     run all dead jobs of this name again
  cancel <id>            take a job back, or forget a dead one
  cancel --name <job>    take back all jobs of this name that wait

${databaseUsage}`

const states: readonly string[] = ['waiting', 'running', 'dead']

/** `tricube jobs`: what waits, runs and is dead in a service's database, and what to do about it. */
export async function jobsCommand(argv: string[]): Promise<number> {
  const { positionals, values } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      ...databaseOptions,
      state: { type: 'string' },
      name: { type: 'string' },
      limit: { type: 'string' },
      dead: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  const [word, idText, ...others] = positionals
  if (values.help) return print(usage)
  const { state, name, limit = '50', dead } = values
  const command = checkCommand(program, word, others)
  return onDatabase(program, command, values, async (db) => {
    if (state !== undefined && !states.includes(state)) {
      throw new CliError(`--state is one of ${states.join(', ')}, not ${state}`, 2)
    }
    if (!/^[1-9]\d{0,5}$/.test(limit)) throw new CliError(`--limit is a whole number from 1, not ${limit}`, 2)
    switch (command) {
      case 'list': {
        const jobs = await listJobs(db, { state: state as JobState | undefined, name, limit: Number(limit) })
        if (values.json) return print(`${JSON.stringify(jobs, null, 2)}\n`)
        return print(jobs.length > 0 ? listOf(jobs) : noneOf('job', name, await allNames(db)))
      }
      case 'show':
        return print(describe(await find(db, idOf(idText))))
      case 'retry': {
        if (dead !== undefined) return print(await retriedDead(db, dead))
        const id = await retryJob(db, idOf(idText))
        return print(
          id === undefined ? none(idText) : `job ${idText} runs again${id === Number(idText) ? '' : `, as ${id}`}\n`,
        )
      }
      default:
        if (idText === undefined && name !== undefined) return print(await cancelledAll(db, name))
        return print((await cancelJob(db, idOf(idText))) ? `job ${idText} is cancelled\n` : none(idText))
    }
  })
}

const program: DatabaseCommand = {
  program: 'jobs',
  usage,
  commands: ['list', 'show', 'retry', 'cancel'],
  missing: () =>
    'this database has no jobs: give its service jobs or subscriptions, then start it or run tricube migrate up',
}

async function allNames(db: Database): Promise<string[]> {
  return (await countJobs(db)).map(({ name }) => name)
}

/** Retries the dead jobs of a name. */
async function retriedDead(db: Database, name: string): Promise<string> {
  const count = await retryAllDead(db, name)
  if (count > 0) return `${count} ${count === 1 ? 'job runs' : 'jobs run'} again\n`
  const names = await deadNames(db)
  const expected = names.length > 0 ? `expected one of ${names.join(', ')}` : 'no job is dead'
  throw new CliError(`there is no dead job of the name ${JSON.stringify(name)}: ${expected}`)
}

/** Cancels the waiting jobs of a name. */
async function cancelledAll(db: Database, name: string): Promise<string> {
  const count = await cancelAllWaiting(db, name)
  if (count > 0) return `${count} ${count === 1 ? 'job is' : 'jobs are'} cancelled\n`
  const names = await waitingNames(db)
  const expected = names.length > 0 ? `: expected one of ${names.join(', ')}` : ', and no other job does'
  throw new CliError(`no job of the name ${JSON.stringify(name)} waits${expected}`)
}

async function find(db: Database, id: number): Promise<ListedJob> {
  const [job] = await listJobs(db, { id, limit: 1 })
  return job ?? none(String(id))
}

/** @throws {CliError} */
function none(id: string | undefined): never {
  throw new CliError(`there is no job ${id}: it is done, or somebody has cancelled it`)
}

function idOf(idText: string | undefined): number {
  if (idText === undefined || !/^[1-9]\d{0,15}$/.test(idText)) {
    throw new CliError(`the id of a job is a whole number, not ${idText ?? 'missing'}: see tricube jobs list`, 2)
  }
  return Number(idText)
}

/** A line for each job. */
function listOf(jobs: readonly ListedJob[]): string {
  const lines = jobs.map(({ id, name, state, attempt, at, error }) => [
    id,
    name,
    state,
    `attempt ${attempt}`,
    at,
    failureOf(error)?.message.split('\n')[0] ?? overdue(state, at),
  ])
  return columns(lines)
}

/** Says how long a job has been due that nothing has started: maybe nothing handles it. */
function overdue(state: JobState, at: string): string {
  const seconds = (Date.now() - Date.parse(at)) / 1000
  if (state !== 'waiting' || seconds < 60) return ''
  const [unit, length] = units.find(([, length]) => seconds >= length)!
  const count = Math.floor(seconds / length)
  return `due for ${count} ${unit}${count === 1 ? '' : 's'}`
}

const units = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const

/** Everything about a job. */
function describe({ error, ...job }: ListedJob): string {
  const failure = failureOf(error)
  const text = fieldLines(job)
  return failure ? `${text}\n${failure.stack ?? `${failure.name}: ${failure.message}`}\n` : text
}

function failureOf(error: string | null): Failure | undefined {
  return error === null ? undefined : (JSON.parse(error) as Failure)
}
