/** How many processors this process may use: those that it is bound to, within the limit of its container. */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { posix } from 'node:path'

/** The text of a file; undefined when it cannot be read. */
export type ReadText = (path: string) => string | undefined

/**
 * As many processes as can run at once: the processors that the system gives this one, or the whole ones of its
 * container's CPU limit, at least 1.
 *
 * Rounded down as Uber's automaxprocs does: a process beyond the limit would make the kernel stop all of them for up to
 * 100 ms at a time. https://github.com/uber-go/automaxprocs
 */
export function availableCpus(read: ReadText = readText, processors: number = availableParallelism()): number {
  return Math.max(1, Math.floor(Math.min(processors, cpuLimit(read))))
}

/**
 * The CPU limit of this process' control group in processors, such as 1.5; Infinity where there is none.
 *
 * The groups above it limit it as well. Inside a container the path is often that of the host: then only the mounted root
 * is there, which is the container's own group.
 */
export function cpuLimit(read: ReadText): number {
  const groups = parseGroups(read('/proc/self/cgroup') ?? '')
  const limits = groups.flatMap(({ isVersion2, path }) =>
    upwards(path).map((folder) => (isVersion2 ? limitOfVersion2(read, folder) : limitOfVersion1(read, folder))),
  )
  return Math.min(Infinity, ...limits)
}

/**
 * `cpu.max`: a quota, or `max`, and a period, both in microseconds.
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

/** A quota of -1 is none. https://docs.kernel.org/scheduler/sched-bwc.html#management */
function limitOfVersion1(read: ReadText, folder: string): number {
  const value = (name: string): string => (read(posix.join('/sys/fs/cgroup/cpu', folder, name)) ?? '').trim()
  return limitOf(value('cpu.cfs_quota_us'), value('cpu.cfs_period_us'))
}

function limitOf(quota: string, period: string): number {
  const limit = /^\d+$/.test(quota) && /^\d+$/.test(period) ? Number(quota) / Number(period) : Infinity
  return limit > 0 ? limit : Infinity // also what a period of 0 makes
}

/** `/proc/self/cgroup`: `0::/path` for version 2, `4:cpu,cpuacct:/path` for the CPU of version 1. */
function parseGroups(text: string): { readonly isVersion2: boolean; readonly path: string }[] {
  return text.split('\n').flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
    if (controllers === undefined || path === undefined) return []
    const isVersion2 = controllers === ''
    return isVersion2 || controllers.split(',').includes('cpu') ? [{ isVersion2, path }] : []
  })
}

/** A folder and those above it. */
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
