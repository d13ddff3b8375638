/** The lifecycle of parts: the order of opening and closing, and failures. */
import { contract, service, t } from 'tricube'
import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ConfigError } from '../../src/config/configError.ts'
import { Application } from '../../src/service/application.ts'
import { OpenParts, type AnyPart } from '../../src/service/lifecycle/openParts.ts'
import type { Opened } from '../../src/service/part.ts'

const quiet = contract('quiet-service', { say: { route: 'GET /say', returns: t.String() } })

/** Parts that note what happens to them. */
function noted() {
  const events: string[] = []
  const make = (name: string, uses: () => readonly AnyPart[] = () => [], extra: Opened = {}): AnyPart => ({
    name,
    async open({ use }) {
      for (const other of uses()) await use(other)
      events.push(`open ${name}`)
      return { close: () => void events.push(`close ${name}`), ...extra }
    },
  })
  const failing = (name: string, error: Error, uses: readonly AnyPart[] = []): AnyPart => ({
    name,
    async open({ use }) {
      for (const other of uses) await use(other)
      throw error
    },
  })
  const parts = new OpenParts({ definition: { contract: quiet } } as never)
  return { events, make, failing, parts, use: parts.configured({}) }
}

/** An application whose parts `docs` and `health` are these. They are opened in this order. */
function application(parts: readonly AnyPart[]) {
  const file = join(tmpdir(), `tricube-${crypto.randomUUID()}.log`)
  onTestFinished(() => rm(file, { force: true }))
  const { definition } = service(quiet, { drain: { timeoutMs: 50, delayMs: 0 }, handlers: { say: () => 'hello' } })
  const app = new Application(definition, { config: { logLevel: 'info', logFile: file, port: 0 }, parts })
  const log = async () =>
    (await readFile(file, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { msg: string; err?: { message: string } })
  return { app, log }
}

describe('opening', () => {
  it('opens the parts that a part uses first, each once, and closes in reverse', async () => {
    const { events, make, parts, use } = noted()
    const a = make('a')
    const b = make('b', () => [a])
    const c = make('c', () => [a, b])
    await Promise.all([use(c), use(b), use(a)])
    await parts.closeAll()
    await parts.closeAll()
    expect(events).toEqual(['open a', 'open b', 'open c', 'close c', 'close b', 'close a'])
  })

  it('names the part that fails, not its users, and keeps the cause', async () => {
    const { events, make, failing, parts, use } = noted()
    const boom = new Error('boom')
    const broken = failing('broken', boom, [make('base')])
    const error = await use(make('user', () => [broken])).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ message: 'quiet-service: broken did not open: boom', cause: boom })
    await parts.closeAll()
    expect(events).toEqual(['open base', 'close base'])
  })

  it('does not wrap a ConfigError', async () => {
    const { failing, use } = noted()
    const wrong = new ConfigError('PORT: expected a port')
    await expect(use(failing('broken', wrong))).rejects.toBe(wrong)
  })

  it('names a circle, even if its parts open at the same time', async () => {
    const { make, use } = noted()
    const self: AnyPart = make('self', () => [self])
    await expect(use(self)).rejects.toThrow('parts use each other: self → self')
    const a: AnyPart = make('a', () => [b])
    const b: AnyPart = make('b', () => [c])
    const c: AnyPart = make('c', () => [a])
    await expect(use(a)).rejects.toThrow('parts use each other: c → a → b → c')
    const d: AnyPart = make('d', () => [e])
    const e: AnyPart = make('e', () => [d])
    const all = await Promise.allSettled([use(d), use(e)])
    for (const one of all)
      expect(String((one as PromiseRejectedResult).reason)).toMatch(/use each other: (d → e → d|e → d → e)/)
  })

  it('closes the open parts after a failure, and rejects with the first error', async () => {
    const events: string[] = []
    const { app, log } = application([
      {
        name: 'docs',
        open: () => ({
          close() {
            events.push('close docs')
            throw new Error('docs cannot close')
          },
        }),
      },
      {
        name: 'health',
        open() {
          throw new Error('boom')
        },
      },
    ])
    await expect(app.listen()).rejects.toThrow('quiet-service: health did not open: boom')
    expect(events).toEqual(['close docs'])
    expect(await log()).toContainEqual(
      expect.objectContaining({
        msg: 'stopping: docs',
        err: expect.objectContaining({ message: 'docs cannot close' }),
      }),
    )
  })
})

describe('closing', () => {
  it('closes the rest when a part cannot close, logs its name and rejects with its error', async () => {
    const events: string[] = []
    const { app, log } = application([
      { name: 'docs', open: () => ({ close: () => void events.push('close docs') }) },
      { name: 'health', open: () => ({ close: () => Promise.reject(new Error('stuck')) }) },
    ])
    await app.listen()
    await expect(app.close()).rejects.toThrow('stuck')
    expect(events).toEqual(['close docs'])
    expect(await log()).toContainEqual(expect.objectContaining({ msg: 'stopping: health' }))
  })

  it.each(['stopTaking', 'finish', 'close'] as const)(
    'names a part whose %s does not end in time',
    async (phase) => {
      const events: string[] = []
      const { app, log } = application([
        { name: 'docs', open: () => ({ close: () => void events.push('close docs') }) },
        { name: 'health', open: () => ({ [phase]: () => new Promise<void>(() => {}) }) },
      ])
      await app.listen()
      await expect(app.close()).rejects.toThrow(/^still not done after [\d.]+ s: health$/)
      expect(events).toEqual(['close docs'])
      expect(await log()).toContainEqual(expect.objectContaining({ msg: 'stopping: health' }))
    },
    60_000,
  )

  it('does not hang when several parts never close', async () => {
    const never = { close: () => new Promise<void>(() => {}) }
    const { events, make, parts, use } = noted()
    await use(make('first'))
    await use(make('stuck', undefined, never))
    await use(make('too', undefined, never))
    const failures = await parts.closeAll()
    expect(failures.map(String)).toEqual([
      'Error: too was not closed within 1 s',
      'Error: stuck was not closed within 1 s',
    ])
    expect(events).toContain('close first')
  })
})
