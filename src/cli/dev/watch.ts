import { existsSync } from 'node:fs'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { failureLine } from '../failure.ts'
import { serviceFileNames } from '../load-service.ts'
import type { ServiceProcess } from './child.ts'
import type { EnvFile } from './envFile.ts'
import { describeAgain, NotLoaded, serviceFiles } from './plan.ts'
import type { Screen } from './screen.ts'

/** The options of `watchServices`. */
export interface WatchOptions {
  readonly roots: readonly string[]
  /** The services that run. `add` appends new ones, `remove` takes one out. */
  readonly children: readonly ServiceProcess[]
  readonly envFile: EnvFile
  readonly screen: Screen
  /** Brings a service's database up to date and prints a failure. */
  readonly prepare: (child: ServiceProcess) => Promise<void>
  /** Starts the service in a new file. */
  readonly add: (file: string) => Promise<void>
  /** Stops a service whose file was deleted. */
  readonly remove: (child: ServiceProcess) => Promise<void>
}

/**
 * Restarts a service when one of its files changes: the modules it loads (in any folder), its migrations and its seed.
 *
 * A change of `.env` or of the configuration restarts all services. A new service is started, and a deleted one stopped.
 */
export async function watchServices(options: WatchOptions): Promise<{ close(): Promise<void> }> {
  const { roots, children, envFile, screen, add, remove } = options
  const { watch } = await import('chokidar') // when the services run: it is not needed before
  const changed = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let reloading: Promise<void> = Promise.resolve()
  /** New services that failed to load: the line about it, and the files that they load. */
  const failed = new Map<string, { readonly line: string; readonly files: readonly string[] }>()

  const reload = async (): Promise<void> => {
    const files = [...changed]
    changed.clear()
    const ofAll = files.some((file) => file === envFile.path || isConfiguration(file))
    if (files.includes(envFile.path)) envFile.read()
    for (const child of children.filter(({ service }) => !existsSync(service.file))) await remove(child)
    const restarts = (file: string, child: ServiceProcess): boolean => concerns(file, child) && child.hasChanged(file)
    const affected = children.filter((child) => ofAll || files.some((file) => restarts(file, child)))
    if (affected.length > 0) {
      const reason = files.filter((file) => ofAll || affected.some((child) => restarts(file, child)))
      const names = affected.map(({ service }) => service.name).join(', ')
      screen.info(`${reason.map((file) => basename(file)).join(', ')} changed: restarting ${names}`)
      await Promise.all(affected.map((child) => restart(child, files, options)))
    }
    await addNew(files)
    watcher.add(watchedFolders())
  }

  const watchedFolders = (): string[] => [
    ...foldersOf(roots, children),
    ...[...failed].flatMap(([file, { files }]) => [file, ...files].map((path) => join(dirname(path), '.'))),
  ]

  const addNew = async (files: readonly string[]): Promise<void> => {
    const known = new Set(children.map(({ service }) => service.file))
    const found = (await Promise.all(roots.map((root) => serviceFiles(root).catch(() => [])))).flat()
    for (const file of new Set(found)) {
      const loads = failed.get(file)?.files ?? []
      const folder = dirname(file)
      if (known.has(file) || !files.some((each) => isInside(each, folder) || each === folder || loads.includes(each)))
        continue
      await add(file).then(
        () => failed.delete(file),
        (error: unknown) => {
          const line = failureLine(error)
          if (failed.get(file)?.line !== line) screen.warn(`${line}; fix it and save to start it`)
          failed.set(file, { line, files: error instanceof NotLoaded ? error.files : loads })
        },
      )
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
  // Two watchers of one folder need the same path for it: with another one, chokidar 5 cannot close after a rename.
  const newServices = watch(
    roots.map((root) => resolve(root)),
    {
      depth: 1,
      ignored: (path, stats) =>
        ignored.test(path) || (stats?.isFile() === true && !serviceFileNames.includes(basename(path))),
      ignoreInitial: true,
    },
  ).on('all', onChange)
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
  if (child.url) screen.info(`${child.service.name} restarted, listening on ${child.url}`)
  // It may load other files now.
  const { file, name, port } = child.service
  const described = await describeAgain(file).catch(() => undefined)
  if (!described) return
  if ('error' in described) {
    const { files: known } = child.service
    child.service = { ...child.service, files: [...new Set([...known, ...described.files])] }
    return
  }
  const now = described.service
  if (now.name !== name || (now.port && now.port !== port)) {
    screen.warn(`${name}: its name or port has changed; restart tricube dev to apply that`)
  }
  // What it was given at its start stays: its port, its databases, its issuer.
  const { usesDatabase, shards, asksForUsers } = child.service
  child.service = { ...child.service, ...now, name, port, usesDatabase, shards, asksForUsers }
}

/** In milliseconds. Editors write a file in several steps, and `git checkout` writes many files. */
const debounceMs = 100

const ignored = /[/\\](?:node_modules|\.tricube|\.git)(?:[/\\]|$)/

/** Returns the folders to watch. */
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
  // A service that does not run may need any file of its folder, also one that was missing.
  return child.url === undefined && isInside(file, folder) && /\.[cm]?[jt]sx?$|\.json$/.test(file)
}

/** Whether a file is a migration or the seed of a service. */
function isData(file: string, { service: { migrations, seed } }: ServiceProcess): boolean {
  if (seed !== undefined && file === fileURLToPath(seed)) return true
  return migrations !== undefined && file.endsWith('.sql') && isInside(file, join(fileURLToPath(migrations), '.'))
}

/** Whether a file is the configuration, which every service reads when it starts. */
function isConfiguration(file: string): boolean {
  const ownPath = process.env['TRICUBE_CONFIG']
  const names = ['tricube.config.ts', 'tricube.config.js', 'tricube.config.mjs']
  return [...names, ...(ownPath ? [ownPath] : [])].some((name) => file === resolve(name))
}

function isInside(file: string, folder: string): boolean {
  return file.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}
