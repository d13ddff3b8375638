/** Finds out how many CPUs this process may use: its CPU affinity, capped by the CPU limit of its container. */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { posix } from 'node:path'

/** Returns the text of a file; undefined if it cannot be read. */
export type ReadText = (path: string) => string | undefined

/**
 * Returns the number of processes that can run at once, at least 1.
 *
 * A fractional limit is rounded down, as Uber's automaxprocs does. With one process more, the kernel would throttle all of
 * them for up to 100 ms at a time. https://github.com/uber-go/automaxprocs
 */
export function availableCpus(read: ReadText = readText, processors: number = availableParallelism()): number {
  return Math.max(1, Math.floor(Math.min(processors, cpuLimit(read))))
}

/**
 * Returns the CPU limit of this process's control group in CPUs, such as 1.5; Infinity without a limit.
 *
 * The parents of the group limit it as well. In a container, the path is often that of the host. Then only the mounted
 * root exists, which is the container's own group.
 */
export function cpuLimit(read: ReadText): number {
  const groups = parseGroups(read('/proc/self/cgroup') ?? '')
  const limits = groups.flatMap(({ isVersion2, path }) =>
    upwards(path).map((folder) => (isVersion2 ? limitOfVersion2(read, folder) : limitOfVersion1(read, folder))),
  )
  return Math.min(Infinity, ...limits)
}

/**
 * Parses `cpu.max`: a quota, or `max`, and a period, both in microseconds.
 *
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files
 */
export function parseCpuMax(text: string): number {
  const [quota, period = '100000'] = text.trim().split(/\s+/) as [string, string?]
  return limitOf(quota, period)
}

function limitOfVersion2(read: ReadText, folder: string): number {
  return parseCpuMax(read(posix.join('/sys/fs/cgroup', folder, 'cpu.max')) ?? 'max')
}

/** A quota of -1 means no limit. https://docs.kernel.org/scheduler/sched-bwc.html#management */
function limitOfVersion1(read: ReadText, folder: string): number {
  const value = (name: string): string => (read(posix.join('/sys/fs/cgroup/cpu', folder, name)) ?? '').trim()
  return limitOf(value('cpu.cfs_quota_us'), value('cpu.cfs_period_us'))
}

function limitOf(quota: string, period: string): number {
  const limit = /^\d+$/.test(quota) && /^\d+$/.test(period) ? Number(quota) / Number(period) : Infinity
  return limit > 0 ? limit : Infinity // a period of 0 means no limit
}

/** Parses `/proc/self/cgroup`: `0::/path` for version 2, `4:cpu,cpuacct:/path` for the CPU of version 1. */
function parseGroups(text: string): { readonly isVersion2: boolean; readonly path: string }[] {
  return text.split('\n').flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
    if (controllers === undefined || path === undefined) return []
    const isVersion2 = controllers === ''
    return isVersion2 || controllers.split(',').includes('cpu') ? [{ isVersion2, path }] : []
  })
}

/** Returns a folder and its parents. */
function upwards(path: string): string[] {
  const parent = posix.dirname(path)
  return parent === path ? [path] : [path, ...upwards(parent)]
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
