/** Finds the services in some folders and assigns a host and a port to each. */
import { fork } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Descriptions, LoadFailure, ServiceDescription, Source } from '../describe.ts'
import { ownProgram } from '../../load/own.ts'
import { runnable, sourcesOf } from '../../load/load.ts'
import { LoadError } from '../../load/loadError.ts'
import { nearestFolder } from '../../load/nearestFolder.ts'
import { CliError, failureLine } from '../failure.ts'
import { freePort } from '../../postgres/free-port.ts'
import { displayPath, serviceFileIn } from '../load-service.ts'
import { foldersIn, noService } from '../noService.ts'

/** A service that dev runs. */
export interface PlannedService extends ServiceDescription {
  readonly file: string
  readonly folder: string
  readonly host: string
  readonly port: number
}

/**
 * Loads the service.ts of every root or, if it has none, of each of its folders.
 *
 * @throws {CliError} with a line for each file that is no service, or when two services have the same name or port
 */
export async function planServices(roots: readonly string[]): Promise<PlannedService[]> {
  const found = await Promise.all(roots.map(async (root) => ({ root, files: await serviceFiles(root) })))
  const empty = found.find(({ files }) => files.length === 0)
  if (empty) throw noService([empty.root])
  return planFiles([...new Set(found.flatMap(({ files }) => files))], [])
}

/**
 * Plans the services of these files next to the ones that already run.
 *
 * @throws {CliError} as `planServices`
 */
export async function planFiles(
  files: readonly string[],
  existing: readonly PlannedService[],
): Promise<PlannedService[]> {
  const descriptions = await describeAll(files)
  const failures = descriptions.flatMap((item, i) =>
    'error' in item ? [{ line: `${displayPath(files[i]!)}: ${item.error}`, files: item.files }] : [],
  )
  if (failures.length > 0) {
    throw new NotLoaded(
      failures.map(({ line }) => line).join('\n'),
      failures.flatMap((failure) => failure.files),
    )
  }
  const host = process.env['HOST'] || '127.0.0.1'
  const services = await Promise.all(
    descriptions.map(async (item, i): Promise<PlannedService> => {
      const { service } = item as { service: ServiceDescription }
      return { ...service, host, port: service.port || (await freePort()), file: files[i]!, folder: dirname(files[i]!) }
    }),
  )
  rejectDuplicates([...existing, ...services], 'name')
  rejectDuplicates([...existing, ...services], 'port')
  return services
}

/** A service that cannot be loaded. */
export class NotLoaded extends CliError {
  /** The files that it loads, as far as they are known: one of them is at fault. */
  readonly files: readonly string[]

  constructor(message: string, files: readonly string[]) {
    super(message)
    this.files = files
  }
}

/** Loads a service's description again, or says why that fails. */
export async function describeAgain(file: string): Promise<Descriptions[number]> {
  const [item] = await describeAll([file])
  return item!
}

/** Returns the files of the services in a root folder. */
export async function serviceFiles(root: string): Promise<string[]> {
  const folder = resolve(root)
  if (!(await stat(folder).catch(() => undefined))?.isDirectory()) {
    throw new CliError(`${root}: folder not found${nearestFolder(root)}`)
  }
  const own = serviceFileIn(folder)
  if (own) return [own]
  return foldersIn(folder).flatMap((each) => serviceFileIn(each) ?? [])
}

/** Returns each file's description, or why it failed to load. */
async function describeAll(files: readonly string[]): Promise<Descriptions> {
  const sources = await Promise.all(
    files.map(async (file) =>
      runnable(file).then(
        (compiled) => ({ file, compiled }),
        (error: unknown): LoadFailure => ({
          error: failureLine(error),
          files: error instanceof LoadError ? error.files : [],
        }),
      ),
    ),
  )
  const described = [...(await describeInProcess(sources.filter((source) => 'file' in source)))]
  return Promise.all(
    sources.map(async (source) => {
      const item = 'file' in source ? described.shift()! : source
      if (!('file' in source)) return source
      const sourceFiles = await sourcesOf(source.file)
      if ('error' in item) return { ...item, files: [...item.files, ...sourceFiles] }
      return { service: { ...item.service, files: [...item.service.files, ...sourceFiles] } }
    }),
  )
}

/** Loads the services in a short-lived process, so that no code of theirs stays in dev. */
function describeInProcess(sources: readonly Source[]): Promise<Descriptions> {
  const child = fork(ownProgram('describe'), [JSON.stringify(sources)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    detached: true,
    execArgv: ['--enable-source-maps'], // errors show lines of the user's source
  })
  let output = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (output += text))
  const kill = (): void => void child.kill('SIGKILL')
  const timeout = setTimeout(kill, describeTimeoutMs)
  process.once('exit', kill) // on Node 20 it can hang in an import, where it does not notice that dev has exited
  return new Promise<Descriptions>((done, fail) => {
    child.once('message', (message) => done(message as Descriptions))
    child.once('error', fail)
    child.once('close', (code, signal) => {
      const why =
        signal === 'SIGKILL'
          ? `the import did not finish within ${describeTimeoutMs / 1000} s; does the file wait for something at the top level?`
          : `the process that imported it exited with ${signal ?? code}`
      fail(new CliError(`${sources.map(({ file }) => displayPath(file)).join(', ')}: ${why}\n${output}`.trim()))
    })
  }).finally(() => {
    clearTimeout(timeout)
    process.off('exit', kill)
    kill()
  })
}

const describeTimeoutMs = 30_000

function rejectDuplicates(services: readonly PlannedService[], key: 'name' | 'port'): void {
  const seen = new Map<unknown, PlannedService>()
  for (const service of services) {
    const other = seen.get(service[key])
    if (other) {
      throw new CliError(
        `${displayPath(other.file)} and ${displayPath(service.file)} have the same ${key}, ${service[key]}; change one of them`,
      )
    }
    seen.set(service[key], service)
  }
}
