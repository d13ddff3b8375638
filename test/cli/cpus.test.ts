import fc from 'fast-check'
import { expect, test } from 'vitest'
import { availableCpus, cpuLimit, parseCpuMax } from '../../src/cli/start/cpus.ts'

const filesOf =
  (files: Readonly<Record<string, string>>) =>
  (path: string): string | undefined =>
    files[path]

test('reads the CPU limit of the container, or of a parent group', () => {
  const version2 = { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '250000 100000\n' }
  expect(cpuLimit(filesOf(version2))).toBe(2.5)
  const slices = {
    '/proc/self/cgroup': '0::/system.slice/users.service\n',
    '/sys/fs/cgroup/system.slice/cpu.max': '150000 100000\n',
    '/sys/fs/cgroup/system.slice/users.service/cpu.max': 'max 100000\n',
  }
  expect(cpuLimit(filesOf(slices))).toBe(1.5)
  const version1 = {
    '/proc/self/cgroup': '12:memory:/docker/1f2e\n4:cpu,cpuacct:/docker/1f2e\n3:cpuset:/\n',
    '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '300000\n',
    '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
  }
  expect(cpuLimit(filesOf(version1))).toBe(3)
})

test('returns no limit without control groups or without a quota', () => {
  expect(cpuLimit(filesOf({}))).toBe(Infinity)
  expect(cpuLimit(filesOf({ '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': 'max 100000\n' }))).toBe(Infinity)
  const version1 = {
    '/proc/self/cgroup': '1:cpu:/\n',
    '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
    '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
  }
  expect(cpuLimit(filesOf(version1))).toBe(Infinity)
})

test('rounds the limit down, to at least one CPU and at most the available ones', () => {
  const limitedTo = (text: string): ((path: string) => string | undefined) =>
    filesOf({ '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': text })
  expect(availableCpus(limitedTo('50000 100000'), 8)).toBe(1)
  expect(availableCpus(limitedTo('390000 100000'), 8)).toBe(3)
  expect(availableCpus(limitedTo('max 100000'), 8)).toBe(8)
  expect(availableCpus(limitedTo('1600000 100000'), 8)).toBe(8)
  expect(availableCpus()).toBeGreaterThanOrEqual(1)
})

test('reads any quota and period as their ratio, and any other text as no limit', () => {
  const positive = fc.integer({ min: 1, max: 10_000_000 })
  fc.assert(
    fc.property(positive, positive, (quota, period) => {
      expect(parseCpuMax(`${quota} ${period}\n`)).toBe(quota / period)
    }),
  )
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 64 }), (text, processors) => {
      expect(parseCpuMax(text)).toBeGreaterThan(0)
      const count = availableCpus(() => text, processors)
      expect(Number.isInteger(count) && count >= 1 && count <= processors).toBe(true)
    }),
  )
})
