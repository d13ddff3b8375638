/** `tricube jobs`: on the database of a service under test. */
import { contract, jobs, service, t } from 'tricube'
import { testService, type TestApp } from 'tricube/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { jobsCommand } from '../../src/cli/jobs.ts'
import { directDatabase } from '../sql/freshDatabase.ts'
import { here } from './here.ts'
import { tricube } from './run.ts'

const mailService = contract('mail-service', {})
const mailJobs = jobs({
  send: { input: t.Object({ to: t.String() }), retries: 0 },
  sweep: {},
})
let fails = true
const mails = service(mailService, {
  models: {},
  handlers: {},
  jobs: mailJobs,
  jobHandlers: {
    send() {
      if (fails) throw new RangeError('no such mailbox')
    },
    sweep() {},
  },
})

let fresh: Awaited<ReturnType<typeof directDatabase>>
let app: TestApp<typeof mailService>
beforeAll(async () => {
  fresh = await directDatabase()
  app = await testService(mails, { config: { databaseUrl: fresh.url, logLevel: 'silent' } })
})
afterAll(async () => {
  await app.close()
  await fresh[Symbol.asyncDispose]()
})
beforeEach(async () => {
  fails = true
  await app.db.script('DELETE FROM tricube.jobs; DELETE FROM tricube.dead_jobs')
})

const env = () => ({ DATABASE_URL: fresh.url })
const typed = (...args: string[]) => tricube(['jobs', ...args], { env: env() }).ended
const run = async (...args: string[]) => {
  const { code, stdout, stderr } = await here(jobsCommand, args, env())
  return { code, lines: stdout.trimEnd().split('\n'), stderr: stderr.trim() }
}

describe('list', () => {
  it('has a line for each job: what waits, and what is dead and why', async () => {
    await app.db.enqueue(mailJobs.send, { to: 'ann@example.com' })
    await app.runJobs()
    const { id } = await app.db.enqueue(mailJobs.sweep, undefined, { delayMs: 60_000 })
    const { code, stdout } = await typed('list')
    expect(code).toBe(0)
    expect(stdout.trimEnd().split('\n')).toEqual([
      expect.stringMatching(new RegExp(`^${id} +sweep +waiting +attempt 0 +\\d{4}-`)),
      expect.stringMatching(/ send +dead +attempt 1 .* no such mailbox$/),
    ])
    expect((await run('list', '--state', 'dead', '--name', 'sweep')).lines).toEqual(['no jobs'])
    expect((await run('list', '--name', 'swep')).lines).toEqual([
      'no jobs of the name "swep": there are send, sweep; did you mean sweep?',
    ])
    expect(JSON.parse((await run('list', '--state', 'dead', '--json')).lines.join('\n'))).toMatchObject([
      { name: 'send', state: 'dead', input: '{"to":"ann@example.com"}' },
    ])
  })
})

describe('a job that nothing handles', () => {
  beforeEach(async () => {
    await app.db.execute`
      INSERT INTO tricube.jobs (name, input, priority, run_at)
      SELECT name, '{}', 1, now() - age::interval FROM (VALUES
        ('letter', '3 days 2 hours'), ('letter', '61 minutes'), ('fax', '90 seconds'), ('fax', '-1 hour')) AS due(name, age)`
  })

  it('is listed with the time that it has been due for', async () => {
    expect((await run('list')).lines).toEqual([
      expect.stringMatching(/ letter +waiting .* due for 3 days$/),
      expect.stringMatching(/ letter +waiting .* due for 1 hour$/),
      expect.stringMatching(/ fax +waiting .* due for 1 minute$/),
      expect.stringMatching(/ fax +waiting .*Z?$/),
    ])
  })

  it('is cancelled with all others of its name', async () => {
    expect(await run('cancel', '--name', 'lettre')).toMatchObject({
      code: 1,
      stderr: 'no job of the name "lettre" waits: expected one of fax, letter',
    })
    expect((await run('cancel', '--name', 'letter')).lines).toEqual(['2 jobs are cancelled'])
    expect((await run('cancel', '--name', 'fax')).lines).toEqual(['2 jobs are cancelled'])
    expect((await run('cancel', '--name', 'fax')).stderr).toBe('no job of the name "fax" waits, and no other job does')
  })
})

describe('show', () => {
  it('tells everything about a job, with the stack of its error', async () => {
    const { id } = await app.db.enqueue(mailJobs.send, { to: 'ann@example.com' })
    await app.runJobs()
    const { lines } = await run('show', String(id))
    expect(lines.join('\n')).toMatch(/state +dead[^]*RangeError: no such mailbox\n +at .*jobs\.test\.ts/)
  })
})

describe('retry', () => {
  it('runs a dead job again, under a new id', async () => {
    const { id } = await app.db.enqueue(mailJobs.send, { to: 'ann@example.com' })
    await app.runJobs()
    fails = false
    expect((await run('retry', String(id))).lines).toEqual([expect.stringMatching(`^job ${id} runs again, as \\d+$`)])
    expect(await app.runJobs()).toMatchObject([{ job: 'send', attempt: 1, outcome: 'done' }])
    expect((await run('list')).lines).toEqual(['no jobs'])
  })

  it('runs all dead jobs of a name again', async () => {
    for (const to of ['ann', 'bob', 'cid']) await app.db.enqueue(mailJobs.send, { to })
    await app.runJobs()
    fails = false
    expect(await run('retry', '--dead', 'sned')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there is no dead job of the name "sned": expected one of send'),
    })
    expect((await run('retry', '--dead', 'send')).lines).toEqual(['3 jobs run again'])
    expect(await app.runJobs()).toHaveLength(3)
  })

  it('runs a job now that is not due yet', async () => {
    const { id } = await app.db.enqueue(mailJobs.sweep, undefined, { delayMs: 3_600_000 })
    expect((await run('retry', String(id))).lines).toEqual([`job ${id} runs again`])
    expect(await app.runJobs()).toHaveLength(1)
  })
})

describe('cancel', () => {
  it('takes back a job that waits, and forgets one that is dead', async () => {
    const dead = await app.db.enqueue(mailJobs.send, { to: 'ann' })
    await app.runJobs()
    const waiting = await app.db.enqueue(mailJobs.sweep)
    for (const { id } of [dead, waiting]) {
      expect((await run('cancel', String(id))).lines).toEqual([`job ${id} is cancelled`])
    }
    expect((await run('list')).lines).toEqual(['no jobs'])
  })
})

describe('mistakes', () => {
  it.each([
    [['show', '999999'], 1, 'there is no job 999999: it is done, or somebody has cancelled it'],
    [['retry', '999999'], 1, 'there is no job 999999'],
    [['cancel'], 2, 'the id of a job is a whole number, not missing: see tricube jobs list'],
    [['show', 'seven'], 2, 'the id of a job is a whole number, not seven'],
    [['list', '--state', 'lost'], 2, '--state is one of waiting, running, dead, not lost'],
    [['list', '--limit', '0'], 2, '--limit is a whole number from 1, not 0'],
    [['purge'], 2, 'unknown command "purge", expected list, show, retry, cancel'],
  ])('%j', async (args, code, message) => {
    const result = await run(...args)
    expect(result.stderr).toContain(message)
    expect(result.code).toBe(code)
  })

  it('a wrong option', async () => {
    const stderr = "tricube jobs: Unknown option '--states', see tricube --help\n"
    expect(await typed('list', '--states', 'dead')).toEqual({ code: 2, stdout: '', stderr })
  })

  it('says so where there are no jobs, and where nothing says which database', async () => {
    await using empty = await directDatabase()
    const { stderr } = await here(jobsCommand, ['list', '--url', empty.url])
    expect(stderr).toContain(
      'this database has no jobs: give its service jobs or subscriptions, then start it or run tricube migrate up',
    )
    expect((await here(jobsCommand, ['list'])).stderr).toContain('set DATABASE_URL or pass --url')
  })
})
