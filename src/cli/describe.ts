/**
 * A short-lived process of `tricube dev`: imports the files of services and sends their descriptions to dev, which itself
 * never runs the user's code.
 */
import { fileURLToPath } from 'node:url'
import { accepts } from '../contract/auth.ts'
import type { Contract } from '../contract/contract.ts'
import type { DeclaredWork } from '../dashboard/model/declaredWork.ts'
import type { CertificatePaths } from '../dashboard/model/state.ts'
import { failureLine } from './failure.ts'
import { recordImports } from './imports.ts'
import { declaredWork } from './declaredWork.ts'
import { loadService } from './load-service.ts'
import type { TlsOptions } from '../http/tls.ts'
import { openapiDocument } from '../openapi/document.ts'
import { settingsOf } from '../service/definition/config.ts'
import type { Definition } from '../service/definition/definition.ts'

/** The facts about a service that `tricube dev` needs before it starts it. */
export interface ServiceDescription {
  readonly name: string
  readonly port: number | undefined
  /** The version of its contract, if it names one. */
  readonly version: string | undefined
  /** `file:` URL of the migrations' folder. */
  readonly migrations: string | undefined
  /** `file:` URL of the SQL that fills a new database. */
  readonly seed: string | undefined
  readonly usesDatabase: boolean
  /** Its contract as an OpenAPI document in JSON. */
  readonly openapi: string | undefined
  /** The PEM files of its TLS. */
  readonly certificates: CertificatePaths | undefined
  /** The databases among which its data is divided, with their URLs. */
  readonly shards: readonly DescribedShard[]
  /** Whether one of its operations asks for a user. */
  readonly asksForUsers: boolean
  /** The services that it calls, by the names of their contracts. */
  readonly calls: readonly string[]
  readonly work: DeclaredWork
  /** The names of its settings in the configuration file. */
  readonly settings: readonly string[]
  /** The files that it loads, without those of installed packages. */
  readonly files: readonly string[]
}

/** A shard of a service. */
export interface DescribedShard {
  readonly name: string
  readonly url: string
  readonly replicas: readonly string[]
}

/** A service's file, and the compiled file that Node runs. */
export interface Source {
  readonly file: string
  readonly compiled: string
}

/** Why a file failed to load, as one line, and the files that it loads, as far as they are known. */
export interface LoadFailure {
  readonly error: string
  readonly files: readonly string[]
}

/** The description of each file, or why it failed to load. */
export type Descriptions = readonly ({ readonly service: ServiceDescription } | LoadFailure)[]

// Dev has exited, or stopped before it got the descriptions.
process.on('disconnect', () => process.exit())

/** Imports are recorded only for files that run as they are: compiled ones have a list of their sources. */
const imports = sources().some(({ file, compiled }) => file === compiled) ? recordImports() : undefined
process.send!((await Promise.all(sources().map(describe))) satisfies Descriptions, () => process.exit(0))

function sources(): readonly Source[] {
  return JSON.parse(process.argv[2]!) as readonly Source[]
}

async function describe({ file, compiled }: Source): Promise<Descriptions[number]> {
  try {
    const { name, port, migrations, seed, usesDatabase = false, definition } = await loadService(file, compiled)
    const declared = (definition ?? {}) as Partial<Definition>
    const settings = Object.keys(settingsOf(declared))
    const files = imports?.from(file) ?? []
    const { contract, tls } = declared
    const asksForUsers = Object.values(
      (definition as Partial<typeof definition> | undefined)?.contract?.operations ?? {},
    ).some((one) => accepts(one, 'user'))
    return {
      service: {
        name,
        port,
        version: contract?.version,
        migrations: migrations?.href,
        seed: seed?.href,
        usesDatabase,
        openapi: contract && documentOf(contract),
        certificates: tls && pathsOf(tls),
        shards: shardsOf(definition),
        asksForUsers,
        calls: Object.values(declared.clients ?? {}).map((callee) => callee.name),
        work: declaredWork(declared),
        settings,
        files,
      },
    }
  } catch (error) {
    return { error: failureLine(error), files: imports?.from(file) ?? [] }
  }
}

/** Undefined if OpenAPI cannot describe it: it runs all the same, and `tricube openapi` says why. */
function documentOf(contract: Contract): string | undefined {
  try {
    return JSON.stringify(openapiDocument(contract))
  } catch {
    return undefined
  }
}

function pathsOf({ cert, key, ca }: TlsOptions): CertificatePaths {
  const pathOf = (file: string | URL): string => (file instanceof URL ? fileURLToPath(file) : file)
  return { cert: pathOf(cert), key: pathOf(key), ...(ca !== undefined && { ca: pathOf(ca) }) }
}

function shardsOf(definition: Partial<Definition> | undefined): DescribedShard[] {
  return Object.entries(definition?.database?.shards?.map ?? {}).map(([name, shard]) =>
    typeof shard === 'string'
      ? { name, url: shard, replicas: [] }
      : { name, url: shard.url, replicas: shard.replicas ?? [] },
  )
}
