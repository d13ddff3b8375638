/** `postmaster.pid`: what a server writes about itself, and whether it is still true. */
import { readFile, readlink, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { PostgresError } from './error.ts'

/** The lines of the file, see https://www.postgresql.org/docs/18/storage-file-layout.html */
export interface ServerFile {
  readonly pid: number
  readonly port: number
  /** `starting`, `ready`, `stopping`. */
  readonly status: string
}

/** Reads the file of the server on a cluster, if there is one. */
export async function readServerFile(cluster: string): Promise<ServerFile | undefined> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')
  const lines = text.split('\n')
  const [pid, port] = [Number(lines[0]), Number(lines[3])]
  return pid > 0 ? { pid, port, status: lines[7]?.trim() ?? '' } : undefined
}

/**
 * Returns the server that already runs on the cluster. Waits for a server that starts or stops.
 *
 * @throws {PostgresError} when it does neither within 60 s.
 */
export async function runningServer(cluster: string): Promise<ServerFile | undefined> {
  for (const until = Date.now() + patienceMs; Date.now() < until; await delay(pollMs)) {
    const file = await readServerFile(cluster)
    if (!file) return undefined
    if (!(await isServing(file.pid, cluster))) {
      // Left by a killed server. PostgreSQL would not start if another program had the same process ID by now.
      await rm(join(cluster, 'postmaster.pid'), { force: true })
      return undefined
    }
    if (file.status === 'ready') return file
  }
  throw new PostgresError(`the PostgreSQL on ${cluster} neither starts nor stops`)
}

/** Whether a process is alive and serves this cluster. Linux shows its working folder; elsewhere the ID has to suffice. */
export async function isServing(pid: number, cluster: string): Promise<boolean> {
  if (!isAlive(pid)) return false
  if (process.platform !== 'linux') return true
  const folder = await readlink(`/proc/${pid}/cwd`).catch(() => undefined)
  return folder !== undefined && folder === (await realpath(cluster).catch(() => undefined))
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Milliseconds that a start or a stop may take: as long as pg_ctl waits. */
export const patienceMs = 60_000
/** pg_ctl reads the file every 100 ms; a start takes about 50 ms. */
export const pollMs = 5
