/** Finds the services below some folders and decides where each will run. */
import { fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Descriptions, ServiceDescription, Source } from '../describe.ts'
import { ownProgram } from '../../load/own.ts'
import { runnable, sourcesOf } from '../../load/load.ts'
import { CliError, failureLine } from '../failure.ts'
import { freePort } from '../../postgres/free-port.ts'
import { serviceFileNames, shown } from '../load-service.ts'

/** A service that dev will run. */
export interface PlannedService extends ServiceDescription {
  readonly file: string
  readonly folder: string
  readonly host: string
  readonly port: number
}

/**
 * Reads every root's own service.ts, else a service.ts of each of its folders.
 *
 * @throws {CliError} with a line for each file that is no service, or for two services of one name or port.
 */
export async function planServices(roots: readonly string[]): Promise<PlannedService[]> {
  const found = await Promise.all(roots.map(async (root) => ({ root, files: await serviceFiles(root) })))
  const empty = found.find(({ files }) => files.length === 0)
  if (empty) throw new CliError(`${empty.root} has no services: neither service.ts nor */service.ts is there`)
  return planFiles([...new Set(found.flatMap(({ files }) => files))], [])
}

/**
 * Plans the services of these files, beside those that are there already.
 *
 * @throws {CliError} as `planServices`
 */
export async function planFiles(
  files: readonly string[],
  others: readonly PlannedService[],
): Promise<PlannedService[]> {
  const descriptions = await describeAll(files)
  const errors = descriptions.flatMap((item, i) => ('error' in item ? [`${shown(files[i]!)}: ${item.error}`] : []))
  if (errors.length > 0) throw new CliError(errors.join('\n'))
  const host = process.env['HOST'] || '127.0.0.1'
  const services = await Promise.all(
    descriptions.map(async (item, i): Promise<PlannedService> => {
      const { service } = item as { service: ServiceDescription }
      return { ...service, host, port: service.port || (await freePort()), file: files[i]!, folder: dirname(files[i]!) }
    }),
  )
  refuseTwins([...others, ...services], 'name', (service) => `the name ${service.name}`)
  refuseTwins([...others, ...services], 'port', (service) => `port ${service.port}`)
  return services
}

/** A service's description as its file is now; undefined when it cannot be loaded. */
export async function describeAgain(file: string): Promise<ServiceDescription | undefined> {
  const [item] = await describeAll([file])
  return item && 'service' in item ? item.service : undefined
}

/** The services' files of a root; none when it has none. */
export async function serviceFiles(root: string): Promise<string[]> {
  const folder = resolve(root)
  if (!(await stat(folder).catch(() => undefined))?.isDirectory()) throw new CliError(`${root}: no such folder`)
  const own = serviceFileIn(folder)
  if (own) return [own]
  const entries = await readdir(folder, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules')
    .flatMap((entry) => serviceFileIn(join(folder, entry.name)) ?? [])
    .sort()
}

function serviceFileIn(folder: string): string | undefined {
  return serviceFileNames.map((name) => join(folder, name)).find((file) => existsSync(file))
}

/** Of each file its description, or why there is none. */
async function describeAll(files: readonly string[]): Promise<Descriptions> {
  const sources = await Promise.all(
    files.map(async (file) =>
      runnable(file).then(
        (compiled) => ({ file, compiled }),
        (error: unknown) => ({ error: failureLine(error) }),
      ),
    ),
  )
  const described = [...(await describeInProcess(sources.filter((source) => 'file' in source)))]
  return Promise.all(
    sources.map(async (source) => {
      const item = 'file' in source ? described.shift()! : source
      if (!('file' in source) || 'error' in item) return item
      return { service: { ...item.service, files: [...item.service.files, ...(await sourcesOf(source.file))] } }
    }),
  )
}

/** Asks a process of its own, which ends after it: code that is reloaded must not stay in dev. */
function describeInProcess(sources: readonly Source[]): Promise<Descriptions> {
  const child = fork(ownProgram('describe'), [JSON.stringify(sources)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    detached: true,
    execArgv: ['--enable-source-maps'], // errors name the lines that the user wrote
  })
  let output = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (output += text))
  const timeout = setTimeout(() => child.kill('SIGKILL'), describeTimeoutMs)
  return new Promise<Descriptions>((done, fail) => {
    child.once('message', (message) => done(message as Descriptions))
    child.once('error', fail)
    child.once('close', (code, signal) => {
      const why =
        signal === 'SIGKILL'
          ? `not imported within ${describeTimeoutMs / 1000} s`
          : `the process exited with ${signal ?? code}`
      fail(new CliError(`${sources.map(({ file }) => shown(file)).join(', ')}: ${why}\n${output}`.trim()))
    })
  }).finally(() => clearTimeout(timeout))
}

const describeTimeoutMs = 30_000

function refuseTwins(
  services: readonly PlannedService[],
  key: 'name' | 'port',
  say: (service: PlannedService) => string,
): void {
  const seen = new Map<unknown, PlannedService>()
  for (const service of services) {
    const twin = seen.get(service[key])
    if (twin) throw new CliError(`${shown(twin.file)} and ${shown(service.file)} both have ${say(service)}`)
    seen.set(service[key], service)
  }
}
