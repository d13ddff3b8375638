import { dirname } from 'node:path'
import type { Contract } from '../contract/contract.ts'
import type { ContractEvent } from '../contract/event.ts'
import type { Jobs } from '../contract/job.ts'
import type { AuthOptions } from '../service/parts/auth/options.ts'
import { serviceFiles } from './dev/plan.ts'
import { CliError, failureLine } from './failure.ts'
import { displayPath, loadService, type LoadedService } from './load-service.ts'
import { noService } from './noService.ts'

/** A service in one of the folders of a command. */
export interface FoundService {
  readonly file: string
  readonly folder: string
  readonly service: LoadedService
  readonly definition: LoadedDefinition
  /** The names of the contracts that it calls, or whose events it handles. */
  readonly callees: ReadonlySet<string>
  /** Those whose operations it calls. */
  readonly calls: ReadonlySet<string>
  /** Those whose events it takes. */
  readonly publishers: ReadonlySet<string>
}

/** The members of a definition that commands read. */
export interface LoadedDefinition {
  readonly contract: Contract
  readonly clients?: Readonly<Record<string, Contract>>
  readonly subscriptions?: Readonly<Record<string, { readonly event: ContractEvent }>>
  readonly jobs?: Jobs
  readonly edge?: boolean
  readonly auth?: AuthOptions
}

/**
 * Loads the services in these folders, each of which is one or has them in its folders.
 *
 * @throws {CliError} with a line for each file that does not load
 */
export async function loadServices(roots: readonly string[]): Promise<readonly FoundService[]> {
  const files = [...new Set((await Promise.all(roots.map(serviceFiles))).flat())]
  if (files.length === 0) throw noService(roots)
  const loaded = await Promise.all(
    files.map((file) =>
      loadOne(file).catch((error: unknown) => {
        const line = failureLine(error)
        const place = `${displayPath(file)}:`
        return new CliError(line.startsWith(place) ? line : `${place} ${line}`)
      }),
    ),
  )
  const failed = loaded.filter((one) => one instanceof CliError)
  if (failed.length > 0) throw new CliError(failed.map(({ message }) => message).join('\n'))
  return loaded as FoundService[]
}

async function loadOne(file: string): Promise<FoundService> {
  const service = await loadService(file)
  const definition = service.definition as LoadedDefinition
  const { clients = {}, subscriptions = {} } = definition
  const calls = new Set(Object.values(clients).map(({ name }) => name))
  const publishers = new Set(Object.values(subscriptions).map(({ event }) => event.service))
  const callees = new Set([...calls, ...publishers])
  return { file, folder: dirname(file), service, definition, calls, publishers, callees }
}
