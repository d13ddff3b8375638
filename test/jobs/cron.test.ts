/** Jobs with a schedule: in virtual time, across the changes of summer time, after a pause, and with several instances. */
import { contract, jobs, service, type JobContext } from 'tricube'
import { database } from 'tricube/sql'
import { testService, type TestApp } from 'tricube/testing'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { directDatabase } from '../sql/freshDatabase.ts'

const clockService = contract('clock-service', {})
type Draft = Parameters<typeof jobs>[0][string]
type Tick = JobContext<{ readonly name: string }>

const serviceWith = (tick: Draft, handler: (context: Tick) => unknown) => {
  const declared = jobs({ tick })
  return service(clockService, { models: {}, handlers: {}, jobs: declared, jobHandlers: { tick: handler } })
}

let app: TestApp<typeof clockService>
const start = async (draft: Draft, handler: (context: Tick) => unknown): Promise<void> => {
  app = await testService(serviceWith(draft, handler) as never, { config: { logLevel: 'silent' } })
}
afterEach(() => app?.close())

const dayMs = 86_400_000
const local = (timeZone: string) => {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' })
  return (due: Date) => format.format(due)
}

describe('times', () => {
  it('runs once on each day of a year, also on those without that hour or with two of it', async () => {
    const dues: Date[] = []
    await start({ schedule: '30 2 * * *', timeZone: 'Europe/Berlin' }, ({ due }) => void dues.push(due))
    await app.runJobs({ forMs: 366 * dayMs })
    const times = dues.map(local('Europe/Berlin'))
    expect(new Set(times.map((time) => time.slice(0, 10))).size).toBe(times.length)
    expect(times.length).toBeGreaterThanOrEqual(365)
    const others = times.filter((time) => !time.endsWith('02:30'))
    expect(others).toHaveLength(1) // the day on which 02:30 does not exist
    expect(others[0]).toMatch(/-03-(2[5-9]|3[01]) 03:00$/)
  }, 60_000)

  it('goes on every hour where summer time begins and ends', async () => {
    const dues: number[] = []
    await start(
      { schedule: '0 * * * *', timeZone: 'America/New_York', transaction: false },
      ({ due }) => void dues.push(due.getTime()),
    )
    await app.runJobs({ forMs: 30 * dayMs })
    expect(dues.every((due, i) => i === 0 || due === dues[i - 1]! + 3_600_000)).toBe(true)
  }, 60_000)

  it.each([
    ['Asia/Shanghai', '18:30'],
    ['UTC', '02:30'],
    [undefined, '02:30'],
  ])('means the wall clock of %s', async (timeZone, utc) => {
    const dues: Date[] = []
    await start({ schedule: '30 2 * * *', ...(timeZone && { timeZone }) }, ({ due }) => void dues.push(due))
    await app.runJobs({ forMs: 2 * dayMs })
    expect(dues.map((due) => due.toISOString().slice(11, 16))).toEqual([utc, utc])
  })
})

describe('missed times', () => {
  const pausedFor = async (missed: 'skip' | 'once' | 'all' | undefined, interval: string): Promise<Date[]> => {
    const dues: Date[] = []
    await start({ schedule: '0 0 * * *', ...(missed && { missed }) }, ({ due }) => void dues.push(due))
    await app.runJobs()
    await app.db.execute`UPDATE tricube.job_schedules SET due_at = due_at - ${interval}::interval`
    await app.runJobs()
    return dues
  }

  it.each([
    ['all', 5],
    ['once', 1],
    [undefined, 1],
    ['skip', 0],
  ] as const)('%s: runs %o of five', async (missed, runs) => {
    const dues = await pausedFor(missed, '5 days')
    expect(dues).toHaveLength(runs)
    expect(dues).toEqual([...dues].sort((a, b) => a.getTime() - b.getTime()))
    if (runs > 0) expect(Date.now() - dues.at(-1)!.getTime()).toBeLessThan(dayMs) // the last of them is the latest
    await app.runJobs({ forMs: dayMs })
    expect(await app.db.value`SELECT due_at > now() FROM tricube.job_schedules`).toBe(true)
  })
})

describe('overlap', () => {
  it('leaves out a run while the one before it waits for its retry, and goes on after that', async () => {
    const runs: string[] = []
    await start(
      { schedule: '0 * * * *', retries: 3, backoff: { baseMs: 10_000_000, capMs: 10_000_000 } },
      ({ due, attempt }) => {
        runs.push(`${due.toISOString()} ${attempt}`)
        if (attempt === 1 && runs.length === 1) throw new Error('not yet')
      },
    )
    await app.runJobs({ forMs: 5 * 3_600_000 })
    const [first, second, ...others] = runs
    expect(second).toBe(first!.replace(/1$/, '2'))
    expect(others).toHaveLength(2) // of five, two were left out
  })

  it('begins it where that is allowed', async () => {
    const runs: Date[] = []
    await start(
      { schedule: '0 * * * *', overlap: true, retries: 1, backoff: { baseMs: 10_000_000, capMs: 10_000_000 } },
      ({ due }) => {
        runs.push(due)
        if (runs.length === 1) throw new Error('not yet')
      },
    )
    await app.runJobs({ forMs: 5 * 3_600_000 })
    expect(new Set(runs.map((due) => due.getTime())).size).toBe(5)
  })
})

it('runs each time once over all instances', async () => {
  await using fresh = await directDatabase('CREATE TABLE ticks (due timestamptz)')
  await using db = database({ url: fresh.url })
  vi.stubEnv('DATABASE_URL', fresh.url)
  vi.stubEnv('LOG_LEVEL', 'silent')
  onTestFinished(() => void vi.unstubAllEnvs())
  const handler = ({ db: tx, due }: Tick) => tx.execute`INSERT INTO ticks VALUES (${due})`
  const instances = [1, 2, 3].map(() => serviceWith({ schedule: '* * * * * *', missed: 'all' }, handler))
  await Promise.all(instances.map((one) => one.listen()))
  const count = () => db.value<number>`SELECT count(*) FROM ticks`
  await expect.poll(count).toBeGreaterThanOrEqual(4)
  await Promise.all(instances.map((one) => one.close()))
  const ticks = await db.many<{ due: string }>`SELECT due FROM ticks ORDER BY due`
  expect(new Set(ticks.map(({ due }) => due)).size).toBe(ticks.length)
  const seconds = ticks.map(({ due }) => Date.parse(due) / 1000)
  expect(seconds.every((second, i) => i === 0 || second === seconds[i - 1]! + 1)).toBe(true)
}, 40_000)

it('takes over a schedule that a new release has changed', async () => {
  await using fresh = await directDatabase()
  const config = { logLevel: 'silent', databaseUrl: fresh.url } as const
  const dues: string[] = []
  const handler = ({ due }: Tick) => void dues.push(due.toISOString().slice(11, 16))
  for (const schedule of ['30 2 * * *', '45 3 * * *']) {
    app = await testService(serviceWith({ schedule }, handler) as never, { config })
    await app.runJobs({ forMs: dayMs })
    await app.close()
  }
  expect(dues).toEqual(['02:30', '03:45'])
})

describe('wrong schedules', () => {
  it.each([
    [
      { schedule: '30 2 * *' },
      'clock-service: jobs.tick: schedule "30 2 * *" is not a cron pattern, expected minute, hour, day, month and weekday like "30 2 * * *"',
    ],
    [{ schedule: '61 2 * * *' }, 'Invalid value for minute: 61'],
    [{ schedule: 'every night' }, 'is not a cron pattern'],
    [{ schedule: '0 0 30 2 *' }, 'schedule "0 0 30 2 *" never comes'],
    [
      { schedule: '30 2 * * *', timeZone: 'Asia/Shanhai' },
      'timeZone "Asia/Shanhai" is unknown, expected one like Asia/Shanghai',
    ],
    [{ timeZone: 'UTC' }, "job tick: timeZone needs a schedule, like schedule: '30 2 * * *'"],
    [{ schedule: 5 }, "job tick: schedule must be a cron pattern like '30 2 * * *', got 5"],
    [{ schedule: '* * * * *', missed: 'twice' }, 'job tick: missed must be skip, once or all, got "twice"'],
    [{ schedule: '* * * * *', key: 'id' }, 'job tick: a job with a schedule cannot have input or key'],
  ])('rejects %o', (draft, message) => {
    expect(() => serviceWith(draft as Draft, () => {})).toThrow(message)
  })
})
