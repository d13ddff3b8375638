import { basename, resolve, sep } from 'node:path'
import { watch } from 'chokidar'
import { failureLine } from '../failure.ts'
import type { ServiceProcess } from './child.ts'
import type { PlannedService } from './plan.ts'
import type { Screen } from './screen.ts'

/** What a reload needs. */
export interface WatchOptions {
  /** Brings a service's database up to date. */
  readonly prepare: (service: PlannedService) => Promise<void>
  readonly screen: Screen
}

/**
 * Restarts services when their files change. A service's folder is its own business; a contract, and whatever lies
 * outside all services' folders, is everybody's.
 */
export async function watchServices(
  roots: readonly string[],
  children: readonly ServiceProcess[],
  { prepare, screen }: WatchOptions,
): Promise<{ close(): Promise<void> }> {
  const changed = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let reloading: Promise<void> = Promise.resolve()

  const reload = async (): Promise<void> => {
    const files = [...changed]
    changed.clear()
    const affected = children.filter(({ service }) => files.some((file) => concerns(file, service, children)))
    if (affected.length === 0) return
    screen.info(
      `${files.map((file) => basename(file)).join(', ')} changed: restarting ${affected.map(({ service }) => service.name).join(', ')}`,
    )
    await Promise.all(
      affected.map(async (child) => {
        await child.stop()
        if (files.some((file) => file.endsWith('.sql'))) {
          await prepare(child.service).catch((error: unknown) =>
            screen.warn(`${child.service.name}: ${failureLine(error)}`),
          )
        }
        await child.start()
        if (child.url) screen.info(`${child.service.name} is up again on ${child.url}`)
      }),
    )
  }

  const watcher = watch(
    roots.map((root) => resolve(root)),
    { ignored: (path) => ignored.test(path), ignoreInitial: true },
  )
  watcher.on('all', (_event, path) => {
    changed.add(path)
    clearTimeout(timer)
    timer = setTimeout(() => void (reloading = reloading.then(reload)), debounceMs)
  })
  await new Promise<void>((done) => watcher.once('ready', done))
  return {
    async close() {
      clearTimeout(timer)
      await watcher.close()
    },
  }
}

/** Editors write a file in several steps, and `git checkout` many files. */
const debounceMs = 100

const ignored =
  /[/\\](?:node_modules|\.tricube|\.git|dist|test|tests|__tests__)(?:[/\\]|$)|\.(?:test|spec)\.[cm]?[jt]s$/

function concerns(file: string, { folder }: PlannedService, all: readonly ServiceProcess[]): boolean {
  if (isInside(file, folder)) return true
  if (basename(file).startsWith('contract.')) return true
  return !all.some(({ service }) => isInside(file, service.folder))
}

function isInside(file: string, folder: string): boolean {
  return file.startsWith(folder + sep)
}
