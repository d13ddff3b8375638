/** Jobs, subscriptions, schedules and events, of services that really run. */
import { contract, jobs, openapiDocument, service, t } from 'tricube'
import { type Database } from 'tricube/sql'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { declaredWork } from '../../src/cli/declaredWork.ts'
import type { ManagedService } from '../../src/dashboard/dashboardOptions.ts'
import type { Definition } from '../../src/service/definition/definition.ts'
import { runsOf } from '../../src/jobs/schedule.ts'
import { directDatabase } from '../sql/freshDatabase.ts'
import { until } from '../until.ts'
import { chromiumBinary, looks, openPage, type PageOptions } from './browser.ts'
import { open, steerable, type OpenDashboard } from './open.ts'

const noteService = contract(
  'note-service',
  {},
  {
    events: {
      noted: {
        payload: t.Object({ key: t.String(), token: t.String() }),
        key: 'key',
        description: 'A note was made',
      },
    },
  },
)
const { noted } = noteService.events
const mirrorService = contract('mirror-service', {})
const mirrorJobs = jobs({
  send: { input: t.Object({ to: t.String(), password: t.String() }), retries: 0 },
  sweep: { input: t.Object({ n: t.Integer() }) },
  nightly: { schedule: '30 2 * * *', timeZone: 'Europe/Berlin' },
})

const markup = `<img src=x onerror="document.title='hacked'">\u001b[2J\u202egnp`
let isBroken = true
const notes = await directDatabase()
const mirror = await directDatabase()
let publisher: Database
let subscriber: Database

const publishing = service(noteService, {
  models: {},
  handlers: {},
  hooks: { beforeStart: ({ db }) => void (publisher = db!) },
})
const mirroring = () =>
  service(mirrorService, {
    models: {},
    handlers: {},
    jobs: mirrorJobs,
    jobHandlers: {
      send({ input }) {
        if (isBroken) throw new RangeError(`no such mailbox: ${input.to}`)
      },
      sweep() {},
      nightly() {},
    },
    subscriptions: {
      copy: {
        event: noted,
        retries: 0,
        handler({ event }) {
          if (isBroken) throw new Error(`cannot copy ${event.key}`)
        },
      },
    },
    hooks: { beforeStart: ({ db }) => void (subscriber = db!) },
  })
let running = mirroring()

beforeAll(async () => {
  vi.stubEnv('LOG_LEVEL', 'silent')
  vi.stubEnv('PORT', '0')
  vi.stubEnv('DATABASE_URL', notes.url)
  const { url } = await publishing.listen()
  vi.stubEnv('DATABASE_URL', mirror.url)
  vi.stubEnv('TRICUBE_SERVICES', `note-service=${new URL(url).host}`)
  await running.listen()
  const begun = () => subscriber.value`SELECT count(*) FROM tricube.event_cursors WHERE position <> ''`
  await until(async () => (await begun()) === 1)
})
afterAll(async () => {
  await running.close()
  await publishing.close()
  await notes[Symbol.asyncDispose]()
  await mirror[Symbol.asyncDispose]()
  vi.unstubAllEnvs()
})

const described = (
  name: string,
  { url }: { url: string },
  { definition }: { definition: unknown },
): ManagedService => ({
  ...steerable(name),
  databaseUrl: url,
  openapi: JSON.stringify(openapiDocument((definition as Definition).contract)),
  work: declaredWork(definition as Definition),
})
const services = () => [
  described('note-service', notes, publishing),
  described('mirror-service', mirror, running),
  steerable('gateway'),
]

/** Opens a dashboard with jobs in all states: the queue is emptied first. */
async function opened(): Promise<OpenDashboard> {
  isBroken = true
  await subscriber.script('DELETE FROM tricube.jobs; DELETE FROM tricube.dead_jobs')
  const all = services()
  return open({ services: () => all })
}

const workOf = async (dashboard: OpenDashboard, name: string) =>
  (await dashboard.json('/api/work')).find(({ service }: { service: string }) => service === name)
const queueOf = async (dashboard: OpenDashboard, name: string) =>
  (await workOf(dashboard, 'mirror-service')).queues.find((queue: { name: string }) => queue.name === name)
async function dead(dashboard: OpenDashboard, name: string, count: number): Promise<void> {
  await expect.poll(async () => (await queueOf(dashboard, name))?.dead, { timeout: 10_000 }).toBe(count)
}

it('tells what waits and what is dead, and hides secrets', async () => {
  const dashboard = await opened()
  await subscriber.enqueue(mirrorJobs.send, { to: 'ann@example.com', password: 'hunter2' })
  await subscriber.enqueue(mirrorJobs.sweep, { n: 1 }, { delayMs: 3_600_000 })
  await publisher.publish(noted, { key: 'k1', token: 'topsecret' })
  await dead(dashboard, 'send', 1)
  await dead(dashboard, 'on copy', 1)
  expect((await queueOf(dashboard, 'sweep')).waiting).toBe(1)
  expect((await workOf(dashboard, 'note-service')).queues).toEqual([])
  expect(await workOf(dashboard, 'gateway')).toBeUndefined() // it has no database
  const jobs = await dashboard.json('/api/jobs?state=dead&service=mirror-service')
  expect(jobs.map(({ name }: { name: string }) => name).toSorted()).toEqual(['on copy', 'send'])
  const sent = jobs.find(({ name }: { name: string }) => name === 'send')
  expect(sent).toMatchObject({
    state: 'dead',
    attempt: 1,
    error: { name: 'RangeError', message: 'no such mailbox: ann@example.com', stack: expect.stringContaining('.ts:') },
  })
  expect(JSON.stringify([jobs, await dashboard.json('/api/events')])).not.toMatch(/hunter2|topsecret/)
  const [event] = await dashboard.json('/api/events?name=noted&key=k1')
  expect(event).toMatchObject({ service: 'note-service', name: 'noted', key: 'k1' })
  expect(await dashboard.json('/api/events?name=other')).toEqual([])
})

it('tells what a service publishes, subscribes to and works on, as it declares it', async () => {
  const dashboard = await opened()
  const work = (name: string) => dashboard.json(`/api/services/${name}/work`)
  expect(await work('note-service')).toEqual({
    events: [
      {
        name: 'noted',
        description: 'A note was made',
        key: 'key',
        payload: expect.objectContaining({ type: 'object', required: ['key', 'token'] }),
        subscribers: [{ service: 'mirror-service', name: 'copy' }],
      },
    ],
    subscriptions: [],
    jobs: [],
  })
  expect(await work('mirror-service')).toMatchObject({
    events: [],
    subscriptions: [{ name: 'copy', publisher: 'note-service', event: 'noted' }],
    jobs: [{ name: 'send' }, { name: 'sweep' }, { name: 'nightly', schedule: '30 2 * * * Europe/Berlin' }],
  })
  expect(await work('gateway')).toEqual({ events: [], subscriptions: [], jobs: [] })
})

it('retries and cancels jobs only when the page asks for it', async () => {
  const dashboard = await opened()
  const { id } = await subscriber.enqueue(mirrorJobs.send, { to: 'bob@example.com', password: '-' })
  const { id: later } = await subscriber.enqueue(mirrorJobs.sweep, { n: 1 }, { delayMs: 3_600_000 })
  await dead(dashboard, 'send', 1)
  for (const path of [`/api/jobs/mirror-service/${id}/retry`, '/api/queues/mirror-service/send/retry']) {
    expect([path, (await dashboard.ask(path)).status]).toEqual([path, 405])
    expect([path, (await dashboard.ask(path, { method: 'POST' })).status]).toEqual([path, 403])
  }
  for (const path of [
    '/api/jobs/mirror-service/999999999/retry',
    '/api/jobs/mirror-service/x/retry',
    `/api/jobs/mirror-service/${id}/explode`,
    `/api/jobs/gateway/${id}/retry`,
    '/api/jobs/nobody/1/cancel',
  ]) {
    expect([path, (await dashboard.change(path)).status]).toEqual([path, 404])
  }
  await dead(dashboard, 'send', 1)
  isBroken = false
  expect((await dashboard.change(`/api/jobs/mirror-service/${id}/retry`)).status).toBe(200)
  await expect.poll(() => queueOf(dashboard, 'send')).toBeUndefined() // it is done
  expect((await dashboard.change(`/api/jobs/mirror-service/${later}/cancel`)).status).toBe(200)
  expect(await queueOf(dashboard, 'sweep')).toBeUndefined()
  for (const n of [1, 2]) await subscriber.enqueue(mirrorJobs.sweep, { n }, { delayMs: 3_600_000 })
  expect(await (await dashboard.change('/api/queues/mirror-service/sweep/cancel')).json()).toEqual({ count: 2 })
})

it('tells how far a subscription is behind, and replays it', async () => {
  const dashboard = await opened()
  isBroken = false
  const lag = async () => (await workOf(dashboard, 'mirror-service')).subscriptions[0].lag
  await expect.poll(lag).toEqual({ events: 0, ageMs: null })
  await running.close()
  for (const n of [1, 2, 3]) await publisher.publish(noted, { key: `n${n}`, token: '-' })
  expect(await lag()).toEqual({ events: 3, ageMs: expect.any(Number) })
  const replay = (from: unknown, headers: Record<string, string> = { 'x-tricube-dashboard': '1' }) =>
    dashboard.ask('/api/subscriptions/mirror-service/copy/replay', {
      method: 'POST',
      headers,
      body: JSON.stringify({ from }),
    })
  expect((await replay('now', {})).status).toBe(403)
  expect((await replay('noon')).status).toBe(400)
  expect((await replay('now')).status).toBe(200)
  expect((await workOf(dashboard, 'mirror-service')).subscriptions[0]).toMatchObject({ hasBegun: false, reader: null })
  vi.stubEnv('DATABASE_URL', mirror.url)
  running = mirroring()
  await running.listen()
  await expect.poll(lag, { timeout: 10_000 }).toEqual({ events: 0, ageMs: null })
})

it('tells the next runs of a schedule, on the clock of its time zone', async () => {
  const { schedules } = await workOf(await opened(), 'mirror-service')
  expect(schedules).toMatchObject([{ name: 'nightly', pattern: '30 2 * * * Europe/Berlin' }])
  const { next } = schedules[0] as { next: number[] }
  expect(next).toHaveLength(5)
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Berlin', timeStyle: 'short' })
  expect(new Set(next.map((run) => clock.format(run)))).toEqual(new Set(['02:30']))
  const days = runsOf('0 0 29 2 * UTC', new Date('2026-01-01T00:00:00Z'), 2)
  expect(days.map((day) => day.toISOString().slice(0, 10))).toEqual(['2028-02-29', '2032-02-29'])
  expect(runsOf('what another release writes', new Date(), 5)).toEqual([])
})

it('says why a database cannot be read, and shows the others', async () => {
  const broken = { ...steerable('broken-service'), databaseUrl: 'postgres://127.0.0.1:9/none' }
  const dashboard = await open({ services: () => [broken, ...services()] })
  const works: any[] = await dashboard.json('/api/work')
  expect(works.map(({ service, problem, schedules }) => [service, typeof problem, schedules.length])).toEqual([
    ['broken-service', 'string', 0],
    ['note-service', 'undefined', 0],
    ['mirror-service', 'undefined', 1],
  ])
})

describe.skipIf(!chromiumBinary)('in Chromium', { timeout: 60_000 }, () => {
  async function shown(view: string, options: PageOptions = {}) {
    const dashboard = await opened()
    await subscriber.enqueue(mirrorJobs.send, { to: markup, password: '-' })
    await subscriber.enqueue(mirrorJobs.sweep, { n: 7 }, { delayMs: 3_600_000 })
    await publisher.publish(noted, { key: markup, token: '-' })
    await dead(dashboard, 'send', 1)
    await dead(dashboard, 'on copy', 1)
    const window = await openPage(`${dashboard.url}#/${view}`, options)
    onTestFinished(() => window.close())
    return { dashboard, ...window }
  }

  it('leads from a queue to a dead job, why it is dead, and retries it by clicks', async () => {
    const { page, complaints, checkAccess } = await shown('jobs')
    const queues = page.getByRole('table', { name: 'Queues' })
    await queues.getByRole('link', { name: 'send' }).click()
    const rows = page.getByRole('table', { name: 'Jobs', exact: true }).getByRole('row')
    await expect.poll(() => rows.count()).toBe(2)
    await rows.last().getByText('dead').click() // anywhere on the row
    const detail = page.getByRole('complementary', { name: 'Job' })
    await detail.getByText('RangeError: no such mailbox').first().waitFor()
    await detail.getByText('Stack').click()
    await detail.getByText(/work\.test\.ts:\d/).waitFor()
    expect(await page.locator('#main img').count()).toBe(0)
    expect(await page.locator('#main').textContent()).not.toMatch(/(?!\n)[\p{Cc}\p{Bidi_Control}]/u)
    await checkAccess()
    const link = page.url()
    await page.reload()
    expect(page.url()).toBe(link)
    isBroken = false
    await detail.getByRole('button', { name: 'Retry' }).click()
    await page.getByText('No job matches.').waitFor()
    await page.getByRole('link', { name: 'All queues' }).click()
    await queues.getByRole('row', { name: 'sweep' }).getByRole('button', { name: 'Cancel waiting' }).click()
    await queues.getByRole('button', { name: 'Cancel 1?' }).click()
    await expect.poll(() => queues.getByRole('link', { name: 'sweep' }).count()).toBe(0)
    expect(await page.title()).not.toContain('hacked')
    expect(complaints).toEqual([])
  })

  it('shows them beside the operations of a contract, with links to what ran', async () => {
    const { page, complaints, checkAccess } = await shown('contracts/note-service')
    await page.getByText('noted').click()
    await page.getByText('token: string').waitFor()
    await page.getByRole('link', { name: 'Published events' }).waitFor()
    await page.getByRole('link', { name: 'mirror-service' }).last().click()
    await page.getByText('noted of note-service').waitFor()
    await page.getByText('nightly').click()
    await page.getByText('30 2 * * * Europe/Berlin').waitFor()
    await page.getByText('send').click()
    await page.getByText('to: string').waitFor()
    await checkAccess()
    await page
      .getByRole('region', { name: '3 jobs' })
      .getByRole('link', { name: 'Its waiting and dead jobs' })
      .last()
      .click()
    await page.getByRole('table', { name: 'Queues' }).waitFor()
    expect(complaints).toEqual([])
  })

  it('does the same by the keyboard, and replays a subscription', async () => {
    const { page, complaints, dashboard } = await shown('overview')
    isBroken = false
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    await page.keyboard.press('g')
    await page.keyboard.press('j')
    const jobs = page.getByRole('table', { name: 'Jobs', exact: true })
    await jobs.getByRole('link').first().focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('j')
    await page.keyboard.press('k')
    await page.keyboard.press('Enter')
    await page.getByRole('complementary', { name: 'Job' }).waitFor()
    await page.getByRole('link', { name: 'Subscriptions' }).focus()
    await page.keyboard.press('Enter')
    const subscriptions = page.getByRole('table', { name: 'Subscriptions' })
    await subscriptions.getByText('up to date').waitFor()
    await subscriptions.getByRole('link', { name: 'copy' }).focus()
    await page.keyboard.press('Enter')
    const detail = page.getByRole('complementary', { name: 'Subscription' })
    await detail.getByLabel('From').selectOption('time')
    await detail.getByLabel('Time').waitFor()
    await detail.getByRole('button', { name: 'Replay' }).focus()
    await page.keyboard.press('Enter')
    await page.keyboard.press('Enter')
    await detail.getByText('It begins anew.').waitFor()
    await dead(dashboard, 'send', 1) // only what was asked for has changed
    const copying = async () => {
      const [{ hasBegun }] = (await workOf(dashboard, 'mirror-service')).subscriptions
      return hasBegun && (await queueOf(dashboard, 'on copy'))
    }
    await expect.poll(copying, { timeout: 10_000 }).toMatchObject({ waiting: 0, running: 0, dead: 1 })
    expect(complaints).toEqual([])
  })

  it.each(looks)('is accessible and fits at $width pixels, $colorScheme', async (options) => {
    const { page, complaints, checkAccess, dashboard } = await shown('jobs', options)
    const seen = { jobs: 'sweep', subscriptions: 'copy', schedules: 'nightly', events: 'noted' }
    for (const [tab, text] of Object.entries(seen)) {
      await page.goto(`${dashboard.origin}/#/jobs/${tab}`)
      await page.getByRole('link', { name: text }).first().waitFor()
      await checkAccess()
      const overflow = (await page.evaluate('document.documentElement.scrollWidth - innerWidth')) as number
      expect([tab, overflow]).toEqual([tab, 0])
      const folder = process.env['TRICUBE_TEST_SCREENSHOTS']
      if (folder) await page.screenshot({ path: `${folder}/${tab}-${options.width}-${options.colorScheme}.png` })
    }
    expect(complaints).toEqual([])
  })
})
