import { expect, it } from 'vitest'
import { filesBelow } from './syntax.ts'
import { waitsOf } from './waits.ts'

/** How often a file may wait, and why nothing else would do. */
const allowed: Readonly<Record<string, readonly [times: number, why: string]>> = {
  'test/until.ts': [1, 'polls where vitest is not: in child processes and in the set-up'],
  'test/client/lanes/lanes.test.ts': [1, 'an operation that is slow: its latency is what the caller measures'],
  'test/sql/statement/limits.test.ts': [
    1,
    'the ticker of deadlines has to stop by itself, after 40 idle rounds of 5 ms',
  ],
  'test/time/wheel.test.ts': [2, 'on a virtual clock'],
}

it('no test waits for a time of the clock: pass a clock, wait for an event, or poll', () => {
  const files = [...filesBelow('test'), ...filesBelow('examples')]
  const found = files
    .filter(([path]) => !path.startsWith('test/repository/waits'))
    .map(([path, source]) => [path, waitsOf(path, source)] as const)
    .filter(([path, waits]) => waits.length !== (allowed[path]?.[0] ?? 0))
  expect(Object.fromEntries(found)).toEqual({})
  expect(Object.keys(allowed).filter((path) => !files.some(([each]) => each === path))).toEqual([])
})

it.each([
  `await new Promise((resolve) => setTimeout(resolve, 20))`,
  `setTimeout(() => reset(proxy), 50)`,
  `globalThis.setTimeout(done, 5)`,
  `import { setTimeout } from 'node:timers/promises'`,
  `import { setInterval, setTimeout as wait } from 'timers/promises'`,
  `import { scheduler } from 'node:timers/promises'`,
  `Atomics.wait(cell, 0, 0, 100)`,
  `await systemClock.wait(100)`,
  'const child = `setTimeout(() => process.exit(), 100)`',
])('finds %s', (source) => {
  expect(waitsOf('a.test.ts', `const a = 1\n${source}`)).toEqual(['a.test.ts:2'])
})

it.each([
  `import { setImmediate } from 'node:timers/promises'`,
  `await clock.advance(20)`,
  `socket.setTimeout(100)`,
  `vi.useFakeTimers({ toFake: ['setTimeout'] })`,
  `// setTimeout(resolve, 20)`,
  'const text = `session.setTimeout(5)`',
])('allows %s', (source) => {
  expect(waitsOf('a.test.ts', source)).toEqual([])
})
