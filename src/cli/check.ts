import { parseArgs } from 'node:util'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { contractHash } from '../compatibility/hash.ts'
import { contractDocument, documentText, type ContractDocument } from '../compatibility/document.ts'
import { compareContracts } from '../compatibility/compare.ts'
import { baselinesIn, contractFile, type Baselines } from './check/baselines.ts'
import { githubReport, jsonReport, summary, textReport, type ServiceReport } from './check/report.ts'
import { print } from './columns.ts'
import { CliError, complain, describeFailure } from './failure.ts'
import { displayPath } from './load-service.ts'
import { loadServices, type FoundService } from './loadServices.ts'

/**
 * `tricube check [dir…]`: compares contracts with what callers know of them. Exits with 1 when a change is breaking, and
 * with 2 when something could not be compared.
 */
export async function checkCommand(argv: string[]): Promise<number> {
  const { positionals, values } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      write: { type: 'boolean' },
      against: { type: 'string' },
      json: { type: 'boolean' },
      github: { type: 'boolean' },
    },
  })
  if (values.write && values.against !== undefined) {
    throw new CliError('tricube check: --write and --against exclude each other', 2)
  }
  const isDone = failUnlessDone()
  const roots = positionals.length > 0 ? positionals : ['.']
  const reports = await asLoading(async () => {
    const contracts = (await loadServices(roots)).map(withDocument)
    const baselines = await baselinesIn(roots, values.against)
    const own = values.against === undefined ? baselines : await baselinesIn(roots, undefined)
    if (values.write) await writeContracts(contracts, own)
    return reportsOf(contracts, baselines, own, values)
  })
  print((values.json ? jsonReport : values.github ? githubReport : textReport)(reports))
  if (!values.json) print(summary(reports, values))
  isDone()
  const isBad = reports.some(({ changes, isStale }) => isStale || changes.some(({ level }) => level === 'breaking'))
  return isBad && !values.write ? 1 : 0
}

/** A service with the contract that its code has now. */
interface LoadedContract extends FoundService {
  readonly document: ContractDocument
}

function withDocument(found: FoundService): LoadedContract {
  return { ...found, document: contractDocument(found.definition.contract, found.definition.jobs) }
}

interface Options {
  readonly write?: boolean | undefined
  readonly against?: string | undefined
}

function reportsOf(
  contracts: readonly LoadedContract[],
  baselines: Baselines,
  own: Baselines,
  { write = false, against }: Options,
): readonly ServiceReport[] {
  const gone = [...baselines].filter(([folder]) => !contracts.some((contract) => contract.folder === folder))
  const namesOf = (those: readonly LoadedContract[]): string[] => those.map(({ document }) => document.name)
  const dependents = (name: string): Pick<ServiceReport, 'callers' | 'subscribers'> => ({
    callers: namesOf(contracts.filter(({ calls }) => calls.has(name))),
    subscribers: namesOf(contracts.filter(({ publishers }) => publishers.has(name))),
  })
  return [
    ...contracts.map(({ definition, folder, file, document }): ServiceReport => {
      const { name, version } = document
      const service = { name, file, version, contract: contractHash(definition.contract), ...dependents(name) }
      const before = baselines.get(folder)
      if (!before && against === undefined && !write) {
        throw new CliError(`${displayPath(folder)} has no ${contractFile}: run tricube check --write, and commit it`, 2)
      }
      const changes = before ? compareContracts(before, document) : []
      const isStale = against !== undefined && documentText(own.get(folder) ?? document) !== documentText(document)
      return { ...service, before: before?.version, status: before ? 'known' : 'new', isStale, changes }
    }),
    ...gone.map(([folder, { name, version }]): ServiceReport => {
      const text = `the service is gone; delete ${displayPath(join(folder, contractFile))} when nobody calls it`
      const changes = write ? [] : [{ level: 'breaking' as const, path: 'service', text }]
      const file = join(folder, contractFile)
      return { name, file, version, before: version, status: 'gone', isStale: false, changes, ...dependents(name) }
    }),
  ]
}

async function writeContracts(contracts: readonly LoadedContract[], own: Baselines): Promise<void> {
  for (const { folder, document } of contracts) {
    const known = own.get(folder)
    // The text is compared after parsing, so that a formatter may have its way with the file.
    if (known && documentText(known) === documentText(document)) continue
    await writeFile(join(folder, contractFile), documentText(document))
  }
}

/** A load that failed is no result: it must never look like "no changes". */
async function asLoading<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof CliError ? new CliError(error.message, 2) : new CliError(describeFailure(error), 2)
  }
}

/** Exits with 2 if this process ends early, because of the code of a service that it imports. */
function failUnlessDone(): () => void {
  let isDone = false
  process.once('exit', (code) => {
    if (isDone || code === 2) return
    complain('tricube check: a service ended this process while it was imported; nothing was compared')
    process.exitCode = 2
  })
  return () => (isDone = true)
}
