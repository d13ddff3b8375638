import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { SpanExporter } from '../../src/trace/export/exporter.ts'
import { Recorder } from '../../src/trace/recorder.ts'
import { always } from '../../src/trace/sampler.ts'
import type { SpanRecord } from '../../src/trace/spanRecord.ts'
import { Tracer } from '../../src/trace/tracer.ts'
import { getUser } from './fixture.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** An exporter whose batches the test settles. */
function manualExporter() {
  const batches: { spans: readonly SpanRecord[]; resolve: () => void; reject: (error: unknown) => void }[] = []
  let isClosed = false
  const exporter: SpanExporter = {
    export(spans, _offset, signal) {
      let resolve!: () => void
      let reject!: (error: unknown) => void
      const promise = new Promise<void>((yes, no) => {
        resolve = yes
        reject = no
      })
      signal.addEventListener('abort', () => reject(signal.reason))
      batches.push({ spans, resolve, reject })
      return promise
    },
    async close() {
      isClosed = true
    },
  }
  return { exporter, batches, isClosed: () => isClosed }
}

function record(recorder: Recorder, count: number): void {
  const tracer = new Tracer({ sink: recorder, sampler: always })
  for (let i = 0; i < count; i++) tracer.root(getUser, i).end(i + 1)
}

it('exports a full batch at once, the rest after the delay', async () => {
  const { exporter, batches } = manualExporter()
  const recorder = new Recorder({ exporter, batchSize: 10, delayMs: 5000 })
  record(recorder, 13)
  expect(batches).toHaveLength(0)
  await vi.advanceTimersByTimeAsync(1)
  expect(batches.map(({ spans }) => spans.length)).toEqual([10])
  await vi.advanceTimersByTimeAsync(4990)
  expect(batches).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(10)
  expect(batches.map(({ spans }) => spans.length)).toEqual([10, 3])
  for (const { resolve } of batches) resolve()
  await vi.advanceTimersByTimeAsync(0)
  expect(recorder.stats).toEqual({ queued: 0, exported: 13, dropped: 0, failed: 0 })
})

it('drops and counts spans beyond the queue, and has at most four batches in flight', async () => {
  const { exporter, batches } = manualExporter()
  const recorder = new Recorder({ exporter })
  for (let i = 0; i < 50; i++) {
    record(recorder, 1024)
    await vi.advanceTimersByTimeAsync(1)
  }
  expect(batches).toHaveLength(4)
  expect(recorder.stats).toEqual({ queued: 2048, exported: 0, dropped: (50 - 6) * 1024, failed: 0 })
  while (batches.length > 0) {
    batches.shift()!.resolve()
    await vi.advanceTimersByTimeAsync(1)
  }
  expect(recorder.stats).toMatchObject({ queued: 0, exported: 6 * 1024 })
})

it('counts lost spans, and reports once when losses start and end', async () => {
  const { exporter, batches } = manualExporter()
  const onChange = vi.fn()
  const recorder = new Recorder({ exporter, batchSize: 1, onChange })
  for (const settle of ['reject', 'reject', 'resolve', 'resolve'] as const) {
    record(recorder, 1)
    await vi.advanceTimersByTimeAsync(1)
    batches.shift()![settle](new Error('down'))
    await vi.advanceTimersByTimeAsync(1)
  }
  expect(recorder.stats).toMatchObject({ exported: 2, failed: 2 })
  expect(onChange.mock.calls).toEqual([[new Error('down')], [undefined]])
})

it('survives an exporter that throws', async () => {
  const recorder = new Recorder({
    exporter: {
      export() {
        throw new TypeError('a bug')
      },
      close: () => Promise.resolve(),
    },
    batchSize: 1,
  })
  record(recorder, 3)
  await vi.advanceTimersByTimeAsync(10)
  expect(recorder.stats).toMatchObject({ queued: 0, failed: 3 })
})

it('flushes all spans', async () => {
  const { exporter, batches } = manualExporter()
  const recorder = new Recorder({ exporter, batchSize: 10 })
  record(recorder, 95)
  let isFlushed = false
  void recorder.flush(1000).then(() => (isFlushed = true))
  while (!isFlushed) {
    batches.shift()?.resolve()
    await vi.advanceTimersByTimeAsync(1)
  }
  expect(recorder.stats).toMatchObject({ queued: 0, exported: 95, dropped: 0 })
})

it('closes within its limit even if the collector hangs, and counts lost spans', async () => {
  const { exporter, batches, isClosed } = manualExporter()
  const recorder = new Recorder({ exporter, batchSize: 10 })
  record(recorder, 55)
  const closed = recorder.close(1000)
  await vi.advanceTimersByTimeAsync(1000)
  await closed
  expect(isClosed()).toBe(true)
  expect(batches).toHaveLength(4)
  expect(recorder.stats).toEqual({ queued: 0, exported: 0, dropped: 15, failed: 40 })
  record(recorder, 1)
  expect(recorder.stats).toMatchObject({ queued: 0, dropped: 16 })
  expect(vi.getTimerCount()).toBe(0)
})
