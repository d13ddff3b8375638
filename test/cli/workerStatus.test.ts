import { expect, test } from 'vitest'
import { readinessOfAll } from '../../src/cli/start/workerStatus.ts'
import type { Readiness } from '../../src/service/lifecycle/readiness.ts'
import { logFileOf } from '../../src/service/parts/logging/logging.ts'
import { admissionShare } from '../../src/service/parts/admission/admission.ts'
import type { DatabaseSettings } from '../../src/service/parts/database.ts'
import { databaseShare, shareOf } from '../../src/service/parts/workers/share.ts'

const ready: Readiness = { status: 'ready', checks: { database: 'ok' } }
const notReady: Readiness = { status: 'not ready', checks: { database: 'unreachable' } }

test('is ready when at least half of the workers are', () => {
  const status = (...workers: (Readiness | undefined)[]): string => readinessOfAll(workers, { wanted: 4 }).status
  expect(status(ready, ready, ready, ready)).toBe('ready')
  expect(status(ready, ready, undefined)).toBe('ready')
  expect(status(ready, notReady, notReady, undefined)).toBe('not ready')
  expect(status()).toBe('not ready')
  expect(readinessOfAll([ready], { wanted: 1 }).status).toBe('ready')
  expect(readinessOfAll([undefined], { wanted: 1 }).status).toBe('not ready')
})

test('counts the ready workers and reports a dependency that one of them cannot reach', () => {
  expect(readinessOfAll([ready, notReady, ready], { wanted: 3 })).toEqual({
    status: 'ready',
    checks: { database: 'unreachable' },
    workers: { ready: 2, wanted: 3 },
  })
  expect(readinessOfAll([ready, ready], { wanted: 2, isStopping: true }).status).toBe('stopping')
})

test('divides a service’s limits among its workers, at least one each', () => {
  expect([1, 2, 3, 20].map((workers) => shareOf(10, workers))).toEqual([10, 5, 3, 1])
  expect(databaseShare({ pool: 12, lanes: 4 }, 4)).toEqual({ pool: 3, lanes: 1 })
  expect(databaseShare({ lanes: 0 }, 4)).toMatchObject({ lanes: 0 }) // the pool alone
  expect(databaseShare({}, 1)).toEqual({})
  expect(databaseShare({}, 2)).toEqual({ pool: 5, lanes: 1 })
  expect(databaseShare({ pool: 3 }, 16)).toEqual({ pool: 1, lanes: 1 })
  expect(admissionShare({}, 4)).toEqual({ maxConcurrency: 2500 })
  expect(admissionShare(false, 4)).toBe(false)
  expect(databaseShare<DatabaseSettings>({ idleTimeoutMs: 1 }, 16)).toEqual({ idleTimeoutMs: 1, pool: 2, lanes: 1 })
})

test('gives each worker its own rolling log file; a file that does not roll is shared', () => {
  const named = (logFile: Parameters<typeof logFileOf>[0]['logFile'], worker?: number): string | undefined =>
    logFileOf({ logFile }, worker)?.path
  expect(named('/var/log/users.log', 2)).toBe('/var/log/users.log')
  expect(named({ path: '/var/log/users.log', size: '10m' }, 2)).toBe('/var/log/users-2.log')
  expect(named({ path: 'users.log', frequency: 'daily' }, 1)).toBe('users-1.log')
  expect(named({ path: 'users.log', frequency: 'daily' })).toBe('users.log')
  expect(named(undefined, 2)).toBeUndefined()
})
