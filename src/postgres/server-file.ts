/** `postmaster.pid`: what a server writes about itself, and whether it is still true. */
import { readFile, readlink, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { PostgresError } from './error.ts'

/** Its lines, as in https://www.postgresql.org/docs/18/storage-file-layout.html */
export interface ServerFile {
  readonly pid: number
  readonly port: number
  /** `starting`, `ready`, `stopping`. */
  readonly status: string
}

/** Reads the file of the server on this cluster, if there is one. */
export async function readServerFile(cluster: string): Promise<ServerFile | undefined> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')
  const lines = text.split('\n')
  const [pid, port] = [Number(lines[0]), Number(lines[3])]
  return pid > 0 ? { pid, port, status: lines[7]?.trim() ?? '' } : undefined
}

/**
 * The server that runs on the cluster already; one that is starting or stopping is waited for.
 *
 * @throws {PostgresError} when it does neither within 60 s.
 */
export async function runningServer(cluster: string): Promise<ServerFile | undefined> {
  for (const until = Date.now() + patienceMs; Date.now() < until; await delay(pollMs)) {
    const file = await readServerFile(cluster)
    if (!file) return undefined
    if (!(await isServing(file.pid, cluster))) {
      // Of a server that was killed. PostgreSQL would refuse to start if another program got its number since.
      await rm(join(cluster, 'postmaster.pid'), { force: true })
      return undefined
    }
    if (file.status === 'ready') return file
  }
  throw new PostgresError(`the PostgreSQL on ${cluster} neither starts nor stops`)
}

/** Whether this process is alive and the server of this cluster: Linux tells by its working folder, elsewhere the number must do. */
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

/** How long a start or a stop may take, in milliseconds: as long as pg_ctl waits. */
export const patienceMs = 60_000
/** pg_ctl reads the file every 100 ms; a start takes about 50. */
export const pollMs = 5
