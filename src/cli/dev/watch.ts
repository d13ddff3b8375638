import { basename, dirname, join, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { watch } from 'chokidar'
import { failureLine } from '../failure.ts'
import { serviceFileNames } from '../load-service.ts'
import type { ServiceProcess } from './child.ts'
import type { EnvFile } from './envFile.ts'
import { describeAgain, serviceFiles } from './plan.ts'
import type { Screen } from './screen.ts'

/** What a reload needs. */
export interface WatchOptions {
  readonly roots: readonly string[]
  /** The services that run; `add` puts new ones into it. */
  readonly children: readonly ServiceProcess[]
  readonly envFile: EnvFile
  readonly screen: Screen
  /** Brings a service's database up to date, and tells what is wrong when that fails. */
  readonly prepare: (child: ServiceProcess) => Promise<void>
  /** Starts the service of a new file. */
  readonly add: (file: string) => Promise<void>
}

/**
 * Restarts services when what they load changes: their modules wherever they lie, their migrations and seeds, and for all
 * of them `.env` and the configuration. A new service is started.
 */
export async function watchServices(options: WatchOptions): Promise<{ close(): Promise<void> }> {
  const { roots, children, envFile, screen, add } = options
  const changed = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let reloading: Promise<void> = Promise.resolve()
  let refused = ''

  const reload = async (): Promise<void> => {
    const files = [...changed]
    changed.clear()
    const ofAll = files.some((file) => file === envFile.path || isConfiguration(file))
    if (files.includes(envFile.path)) envFile.read()
    const affected = children.filter((child) => ofAll || files.some((file) => concerns(file, child)))
    if (affected.length > 0) {
      const reason = files.filter((file) => ofAll || affected.some((child) => concerns(file, child)))
      const names = affected.map(({ service }) => service.name).join(', ')
      screen.info(`${reason.map((file) => basename(file)).join(', ')} changed: restarting ${names}`)
      await Promise.all(affected.map((child) => restart(child, files, options)))
    }
    await addNew(files)
    watcher.add(foldersOf(roots, children))
  }

  const addNew = async (files: readonly string[]): Promise<void> => {
    const known = new Set(children.map(({ service }) => service.file))
    const found = (await Promise.all(roots.map((root) => serviceFiles(root).catch(() => [])))).flat()
    for (const file of new Set(found)) {
      if (known.has(file) || !files.some((each) => isInside(each, dirname(file)) || each === dirname(file))) continue
      await add(file).catch((error: unknown) => {
        if (failureLine(error) !== refused) screen.warn(failureLine(error))
        refused = failureLine(error)
      })
    }
  }

  const onChange = (_event: string, path: string): void => {
    changed.add(resolve(path))
    clearTimeout(timer)
    timer = setTimeout(() => void (reloading = reloading.then(reload)), debounceMs)
  }
  // One level of each folder: what lies deeper and is not loaded, such as uploads, costs nothing.
  const watcher = watch(foldersOf(roots, children), {
    depth: 0,
    ignored: (path) => ignored.test(path),
    ignoreInitial: true,
  }).on('all', onChange)
  const newServices = watch([...roots], {
    depth: 1,
    ignored: (path, stats) =>
      ignored.test(path) || (stats?.isFile() === true && !serviceFileNames.includes(basename(path))),
    ignoreInitial: true,
  }).on('all', onChange)
  await Promise.all([watcher, newServices].map((each) => new Promise<void>((done) => each.once('ready', done))))
  return {
    async close() {
      clearTimeout(timer)
      await Promise.all([watcher.close(), newServices.close()])
    },
  }
}

async function restart(
  child: ServiceProcess,
  files: readonly string[],
  { prepare, screen }: WatchOptions,
): Promise<void> {
  await child.stop()
  if (child.problem !== undefined || files.some((file) => isData(file, child))) await prepare(child)
  await child.start()
  if (child.url) screen.info(`${child.service.name} is up again on ${child.url}`)
  // What it loads may be other files now.
  const { file, name, port } = child.service
  const now = await describeAgain(file).catch(() => undefined)
  if (!now) return
  if (now.name !== name || (now.port && now.port !== port)) {
    screen.warn(`${name} has another name or port now: stop tricube dev and start it again`)
  }
  const { migrations, seed, files: loaded } = now
  child.service = { ...child.service, migrations, seed, files: loaded }
}

/** Editors write a file in several steps, and `git checkout` many files. */
const debounceMs = 100

const ignored = /[/\\](?:node_modules|\.tricube|\.git)(?:[/\\]|$)/

/** All that has to be looked at, one level of each. */
function foldersOf(roots: readonly string[], children: readonly ServiceProcess[]): string[] {
  const ofServices = children.flatMap(({ service: { folder, files, migrations, seed } }) => [
    folder,
    ...files.map((file) => dirname(file)),
    ...(migrations === undefined ? [] : [fileURLToPath(migrations)]),
    ...(seed === undefined ? [] : [dirname(fileURLToPath(seed))]),
  ])
  return [
    ...new Set([process.cwd(), ...roots.map((root) => resolve(root)), ...ofServices].map((path) => join(path, '.'))),
  ]
}

function concerns(file: string, child: ServiceProcess): boolean {
  const { files, folder } = child.service
  if (files.includes(file) || isData(file, child)) return true
  // What it needs to start again, nobody knows: it may be a file that was not there.
  return child.url === undefined && isInside(file, folder) && /\.[cm]?[jt]sx?$|\.json$/.test(file)
}

/** A migration, or the seed. */
function isData(file: string, { service: { migrations, seed } }: ServiceProcess): boolean {
  if (seed !== undefined && file === fileURLToPath(seed)) return true
  return migrations !== undefined && file.endsWith('.sql') && isInside(file, join(fileURLToPath(migrations), '.'))
}

/** What every service reads when it starts. */
function isConfiguration(file: string): boolean {
  const named = process.env['TRICUBE_CONFIG']
  const names = ['tricube.config.ts', 'tricube.config.js', 'tricube.config.mjs']
  return [...names, ...(named ? [named] : [])].some((name) => file === resolve(name))
}

function isInside(file: string, folder: string): boolean {
  return file.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}
