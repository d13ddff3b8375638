import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join, relative, resolve } from 'node:path'
import { CliError } from '../failure.ts'
import { accepts } from '../../contract/auth.ts'
import type { Definition } from '../../service/definition/definition.ts'
import { loadServices, type FoundService } from '../loadServices.ts'
import { certificateFolders, isShared, type CertificateFolder } from './certificates.ts'
import { ownConfig, type OwnConfig } from './needs.ts'

/** A project with all of its services, as the files of `tricube build` describe it. */
export interface Project {
  /** The name of images and of the namespace. */
  readonly name: string
  readonly packageManager: PackageManager
  readonly services: readonly BuiltService[]
  /** Whether services send events over NATS. */
  readonly usesNats: boolean
  /** Whether services count rate limits in Redis. */
  readonly usesRedis: boolean
}

/** How packages are installed. */
export type PackageManager = 'npm' | 'pnpm' | 'yarn' | 'none'

/** What a service declares, and others declare about it. */
export interface BuiltService extends OwnConfig {
  readonly name: string
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
 * @throws {CliError} when a service does not load, or two have the same name or port
 */
export async function readProject(folder: string, roots: readonly string[]): Promise<Project> {
  const packageFile = join(folder, 'package.json')
  if (!existsSync(packageFile))
    throw new CliError('package.json not found: run tricube build in the folder of your project')
  const { name = basename(resolve(folder)), dependencies = {} } = JSON.parse(
    await readFile(packageFile, 'utf8'),
  ) as Package
  const found = await loadServices(roots)
  const services = await Promise.all(found.map((one) => builtService(one, found, folder)))
  rejectDuplicates(services)
  return {
    name: nameOf(name),
    packageManager: packageManagerOf(folder),
    services,
    usesNats: '@nats-io/jetstream' in dependencies,
    usesRedis: redisClients.some((client) => client in dependencies),
  }
}

interface Package {
  readonly name?: string
  readonly dependencies?: Readonly<Record<string, string>>
}

/** The port of a service that declares none. In its container no other service can have it. */
const defaultPort = 8080

const redisClients = ['redis', '@redis/client', 'ioredis', 'iovalkey']

async function builtService(one: FoundService, all: readonly FoundService[], root: string): Promise<BuiltService> {
  const { service, folder, callees } = one
  const { name, port = defaultPort, usesDatabase = false, migrations, tables = [] } = service
  const { tls }: Partial<Definition> = service.definition
  const path = relative(root, folder).replaceAll('\\', '/') || '.'
  if (path.startsWith('..')) throw new CliError(`${path}: the services must be in the folder of the project`)
  const callers = all.filter((other) => other.callees.has(name)).map((other) => other.service.name)
  return {
    name,
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
          all.map((other) => ({ path: relative(root, other.folder).replaceAll('\\', '/') })),
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

function packageManagerOf(folder: string): PackageManager {
  const has = (file: string): boolean => existsSync(join(folder, file))
  if (has('package-lock.json')) return 'npm'
  if (has('pnpm-lock.yaml')) return 'pnpm'
  return has('yarn.lock') ? 'yarn' : 'none'
}

/** Returns the name of a service's database. */
export function databaseOf({ name }: BuiltService): string {
  return name.replaceAll('-', '_')
}
