import { existsSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { CliError } from '../failure.ts'
import { accepts } from '../../contract/auth.ts'
import type { Definition } from '../../service/definition/definition.ts'
import { loadServices, type FoundService } from '../loadServices.ts'
import { certificateFolders, isShared, type CertificateFolder } from './certificates.ts'
import { installedBy, type Installed } from './installed.ts'
import { ownConfig, type OwnConfig } from './needs.ts'
import { readPackage, withSlashes, workspaceRootOf } from './workspaces.ts'

/** A project with all of its services, as the files of `tricube build` describe it. */
export interface Project {
  /** The name of images and of the namespace. */
  readonly name: string
  readonly installed: Installed
  readonly services: readonly BuiltService[]
  /** Whether services send events over NATS. */
  readonly usesNats: boolean
  /** Whether services count rate limits in Redis. */
  readonly usesRedis: boolean
}

/** What a service declares, and others declare about it. */
export interface BuiltService extends OwnConfig {
  readonly name: string
  /** The path of its code. */
  readonly file: string
  /** Its folder, relative to the project. */
  readonly path: string
  readonly port: number
  readonly usesDatabase: boolean
  /** Whether `tricube migrate up` has something to do for it. */
  readonly hasMigrations: boolean
  /** The services that it calls or whose events it handles. */
  readonly callees: readonly string[]
  /** The services that call it or handle its events. */
  readonly callers: readonly string[]
  /** Whether others than services of the project may call it. */
  readonly isPublic: boolean
  /** How it is called. */
  readonly scheme: 'http' | 'https'
  /** Whether callers, and so probes on its port, need a certificate. */
  readonly needsCertificates: boolean
  /** Where it looks for its own certificates. */
  readonly certificates: readonly CertificateFolder[]
}

/**
 * Reads the project in a folder.
 *
 * @throws {CliError} when a service does not load, two have the same name or port, or the folder is a workspace of another
 */
export async function readProject(folder: string, roots: readonly string[]): Promise<Project> {
  if (!existsSync(join(folder, 'package.json')))
    throw new CliError('package.json not found: run tricube build in the folder of your project')
  const { name = basename(resolve(folder)) } = readPackage(folder)
  const installed = installedBy(folder)
  if (installed.packageManager === 'none') rejectWorkspace(folder)
  const found = await loadServices(roots)
  const services = await Promise.all(found.map((one) => builtService(one, found, folder)))
  rejectDuplicates(services)
  return {
    name: nameOf(name),
    installed,
    services,
    usesNats: installed.dependencies.has('@nats-io/jetstream'),
    usesRedis: redisClients.some((client) => installed.dependencies.has(client)),
  }
}

/** The lockfile of a workspace is in the root, and so are the packages that it imports. */
function rejectWorkspace(folder: string): void {
  const root = workspaceRootOf(folder)
  if (root === undefined) return
  const up = withSlashes(relative(folder, root))
  const path = withSlashes(relative(root, resolve(folder)))
  const parent = dirname(path) === '.' ? '' : ` ${dirname(path)}`
  throw new CliError(
    `${path} is a workspace of ${up}, which has the lockfile: run tricube build there: cd ${up} && npx tricube build${parent}`,
  )
}

/** The port of a service that declares none. In its container no other service can have it. */
const defaultPort = 8080

const redisClients = ['redis', '@redis/client', 'ioredis', 'iovalkey']

async function builtService(one: FoundService, all: readonly FoundService[], root: string): Promise<BuiltService> {
  const { service, folder, callees } = one
  const { name, port = defaultPort, usesDatabase = false, migrations, tables = [] } = service
  const { tls }: Partial<Definition> = service.definition
  const path = withSlashes(relative(root, folder)) || '.'
  if (path.startsWith('..')) throw new CliError(`${path}: the services must be in the folder of the project`)
  const callers = all.filter((other) => other.callees.has(name)).map((other) => other.service.name)
  return {
    name,
    file: one.file,
    path,
    port: port || defaultPort,
    usesDatabase,
    hasMigrations: usesDatabase && (migrations !== undefined || tables.length > 0),
    callees: all.map((other) => other.service.name).filter((other) => callees.has(other)),
    callers,
    isPublic: isPublic(one, all),
    scheme: tls ? 'https' : 'http',
    needsCertificates: tls?.requestCert === true,
    ...(await ownConfig(one, all, { port, root: resolve(root) })),
    certificates: certificateFolders(tls, resolve(root)).filter(
      (folder) =>
        !isShared(
          folder,
          all.map((other) => ({ path: withSlashes(relative(root, other.folder)) })),
        ),
    ),
  }
}

/** Whether callers from outside need a way in. Services that read its events are no reason to have none. */
function isPublic({ service, definition }: FoundService, all: readonly FoundService[]): boolean {
  const { edge, contract } = definition
  if (edge !== undefined) return edge
  const isOpen = Object.values(contract.operations).some(
    (operation) => operation.auth === 'public' || accepts(operation, 'user') || accepts(operation, 'key'),
  )
  const isCalled = all.some((other) =>
    Object.values(other.definition.clients ?? {}).some(({ name }) => name === service.name),
  )
  return isOpen || !isCalled
}

/** Two services on one port could not both be published by a machine. */
function rejectDuplicates(services: readonly BuiltService[]): void {
  for (const [i, one] of services.entries()) {
    const other = services
      .slice(0, i)
      .find(({ name, port }) => name === one.name || (port === one.port && port !== defaultPort))
    if (!other) continue
    const key = other.name === one.name ? `name, ${one.name}` : `port, ${one.port}`
    throw new CliError(`${other.path} and ${one.path} have the same ${key}; change one of them`)
  }
}

/** Returns a name that images and namespaces may have. */
function nameOf(name: string): string {
  const last = name.split('/').at(-1)!
  return (
    last
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-+|-+$/g, '')
      .slice(0, 40) || 'services'
  )
}

/** Returns the name of a service's database. */
export function databaseOf({ name }: BuiltService): string {
  return name.replaceAll('-', '_')
}
