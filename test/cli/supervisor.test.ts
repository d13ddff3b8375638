import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { Supervisor } from '../../src/cli/start/supervisor.ts'
import { StartError, type Exit, type Worker } from '../../src/cli/start/worker.ts'
import { VirtualClock } from '../discovery/virtualClock.ts'

const startMs = 300
const drainMs = 1500

/** A process that needs no machine: it listens after 300 ms and drains for 1500. */
class FakeWorker implements Worker {
  url: string | undefined
  missedPings = 0
  isStuck = false
  readonly signals: string[] = []
  readonly listening: Promise<string>
  readonly leaving: Promise<unknown>
  readonly exited: Promise<Exit>
  readonly pid: number
  readonly number: number
  readonly program: string
  exit!: (exit: Exit) => void
  readonly #clock: VirtualClock

  constructor(clock: VirtualClock, pid: number, number: number, program: string, starts: boolean) {
    this.#clock = clock
    this.pid = pid
    this.number = number
    this.program = program
    this.exited = new Promise((resolve) => (this.exit = resolve))
    this.leaving = this.exited
    this.listening = new Promise((resolve, reject) => {
      void clock.wait(startMs).then(() => {
        if (starts) resolve((this.url = 'http://127.0.0.1:1'))
        else this.exit({ code: 9, signal: null })
      })
      void this.exited.then((exit) => reject(new StartError(exit)))
    })
    this.listening.catch(() => {})
  }

  ping(): void {
    if (this.isStuck) this.missedPings++
  }

  query(): Promise<undefined> {
    return Promise.resolve(undefined)
  }

  signal(name: string): void {
    this.signals.push(name)
    if (name === 'SIGKILL') this.exit({ code: null, signal: name })
    if (name === 'SIGTERM' && !this.isStuck) {
      void this.#clock
        .wait(this.url ? drainMs : 0)
        .then(() => this.exit(this.url ? { code: 0, signal: null } : { code: null, signal: name }))
    }
  }
}

function crew(count: number) {
  const clock = new VirtualClock()
  const forked: FakeWorker[] = []
  const alive = new Set<FakeWorker>()
  const state = { starts: true, program: 'v1', mostAlive: 0 }
  const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn(), fatal: vi.fn() }
  const supervisor = new Supervisor({
    count,
    load: () => Promise.resolve(state.program),
    fork(number, program) {
      const worker = new FakeWorker(clock, forked.length + 1, number, program, state.starts)
      forked.push(worker)
      alive.add(worker)
      state.mostAlive = Math.max(state.mostAlive, alive.size)
      void worker.exited.then(() => alive.delete(worker))
      return worker
    },
    log,
    clock,
    backoff: (failures) => 100 * 2 ** (failures - 1),
  })
  const start = async (): Promise<void> => {
    const started = supervisor.start()
    await clock.advance(2 * startMs)
    await started
  }
  const die = (worker: Worker): void => (worker as FakeWorker).exit({ code: 7, signal: null })
  const programs = (): string[] => supervisor.workers.map((worker) => (worker as FakeWorker).program)
  return { clock, forked, alive, state, log, supervisor, start, die, programs }
}

test('starts the first worker alone, then the remaining ones together', async () => {
  const { clock, forked, supervisor } = crew(4)
  const started = supervisor.start()
  await clock.advance(startMs - 1)
  expect(forked).toHaveLength(1)
  await clock.advance(1)
  expect(forked.map(({ number }) => number)).toEqual([1, 2, 3, 4])
  await clock.advance(startMs)
  expect(await started).toBe('http://127.0.0.1:1')
  expect(supervisor.workers).toHaveLength(4)
})

test('fails when the first worker does not start', async () => {
  const { clock, forked, state, supervisor } = crew(4)
  state.starts = false
  const started = supervisor.start().catch((error: unknown) => error)
  await clock.advance(startMs)
  expect(await started).toMatchObject({ message: 'a worker exited with code 9 before it listened', exit: { code: 9 } })
  expect(forked).toHaveLength(1)
})

test('replaces a lost worker with growing delays, reset by a worker that ran for 30 s', async () => {
  const { clock, forked, supervisor, start, die } = crew(2)
  await start()
  for (const waitMs of [100, 200, 400]) {
    const [victim] = supervisor.workers
    die(victim!)
    const before = forked.length
    await clock.advance(waitMs - 1)
    expect(forked).toHaveLength(before)
    await clock.advance(1 + startMs)
    expect(forked).toHaveLength(before + 1)
    expect(supervisor.workers.map(({ pid }) => pid)).toEqual([before + 1, 2])
  }
  await clock.advance(30_000)
  die(supervisor.workers[0]!)
  await clock.advance(100 + startMs)
  expect(supervisor.workers).toHaveLength(2)
  expect(supervisor.losses).toBe(4)
})

test('exits after five failed starts per worker, but only when no worker serves', async () => {
  const { clock, state, log, supervisor, start, die } = crew(2)
  await start()
  state.starts = false
  die(supervisor.workers[0]!)
  await clock.advance(120_000)
  expect(log.fatal).not.toHaveBeenCalled()
  die(supervisor.workers[0]!)
  await clock.advance(120_000)
  expect(await supervisor.ended).toBe(1)
  expect(log.fatal.mock.calls[0]![0]).toMatch(
    /^no worker runs and \d\d starts in a row have failed, exiting with code 1$/,
  )
})

test('replaces workers one by one in a reload, each by one that already listens', async () => {
  const { clock, forked, state, supervisor, start, programs } = crew(3)
  await start()
  state.program = 'v2'
  const reloaded = supervisor.reload()
  await clock.advance(startMs - 1)
  expect(forked.flatMap(({ signals }) => signals)).toEqual([])
  await clock.advance(1)
  expect(forked.map(({ signals }) => signals)).toEqual([['SIGTERM'], [], [], []])
  expect(programs()).toEqual(['v2', 'v1', 'v1'])
  await clock.advance(3 * (startMs + drainMs))
  await reloaded
  expect(programs()).toEqual(['v2', 'v2', 'v2'])
  expect(state.mostAlive).toBe(4)
})

test('keeps all workers when the first one of a reload does not start', async () => {
  const { clock, state, log, supervisor, start, die, programs } = crew(2)
  await start()
  Object.assign(state, { program: 'v2', starts: false })
  const reloaded = supervisor.reload()
  await clock.advance(startMs)
  await reloaded
  expect(programs()).toEqual(['v1', 'v1'])
  expect(log.error.mock.lastCall![1]).toBe(
    'the reload failed, the other workers keep running: a worker exited with code 9 before it listened',
  )
  state.starts = true
  die(supervisor.workers[0]!)
  await clock.advance(1000)
  expect(programs()).toEqual(['v1', 'v1'])
})

test('kills and replaces a worker whose event loop is stuck for 30 s', async () => {
  const { clock, forked, supervisor, start } = crew(2)
  await start()
  forked[1]!.isStuck = true
  await clock.advance(29_000)
  expect(forked[1]!.signals).toEqual([])
  await clock.advance(10_000)
  expect(forked[1]!.signals).toEqual(['SIGKILL'])
  expect(supervisor.workers.map(({ pid }) => pid)).toEqual([1, 3])
})

test('drains all workers in a stop; the exit code is 0 if each of them exits cleanly', async () => {
  const well = crew(3)
  await well.start()
  const stopped = well.supervisor.stop()
  await well.clock.advance(drainMs)
  expect(await stopped).toBe(0)

  const badly = crew(3)
  await badly.start()
  const failed = badly.supervisor.stop()
  badly.die(badly.forked[1]!)
  await badly.clock.advance(drainMs)
  expect(await failed).toBe(1)
})

test('leaves no worker behind when it is stopped during the start', async () => {
  for (let ms = 0; ms <= 2 * startMs; ms += 50) {
    const { clock, alive, supervisor } = crew(3)
    const started = supervisor.start().catch(() => {})
    await clock.advance(ms)
    const stopped = supervisor.stop()
    await clock.advance(drainMs + startMs)
    await started
    expect([await stopped, alive.size]).toEqual([0, 0])
  }
})

test('ends with all workers serving the newest program, for any crashes and reloads', async () => {
  const event = fc.oneof(
    fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 3000 }) }),
    fc.record({ kind: fc.constant('die' as const), which: fc.nat(7) }),
    fc.record({ kind: fc.constant('reload' as const) }),
    fc.record({ kind: fc.constant('starts' as const), starts: fc.boolean() }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 30 }), async (events) => {
      const { clock, alive, state, log, supervisor, start, die, programs } = crew(3)
      await start()
      for (const [i, happens] of events.entries()) {
        if (happens.kind === 'wait') await clock.advance(happens.ms)
        if (happens.kind === 'starts') state.starts = happens.starts
        if (happens.kind === 'reload') void supervisor.reload()
        if (happens.kind === 'reload') state.program = `v${i + 2}`
        if (happens.kind === 'die' && alive.size > 0) die([...alive][happens.which % alive.size]!)
      }
      state.starts = true
      await clock.advance(60_000)
      if (log.fatal.mock.calls.length > 0) {
        expect(alive.size).toBe(0)
        return
      }
      void supervisor.reload()
      await clock.advance(60_000)
      expect(programs()).toEqual([state.program, state.program, state.program])
      expect(alive.size).toBe(3)
      expect(state.mostAlive).toBeLessThanOrEqual(6)
    }),
    { numRuns: 200 },
  )
})
