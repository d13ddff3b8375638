/**
 * A short-lived process of `tricube dev`: imports every service's file that it is given and tells what dev must know of
 * them, so that dev itself never runs users' code.
 */
import { failureLine } from './failure.ts'
import { recordImports } from './imports.ts'
import { loadService } from './load-service.ts'

/** What `tricube dev` must know of a service before it starts it. */
export interface ServiceDescription {
  readonly name: string
  readonly port: number | undefined
  /** `file:` URL of the folder of migrations. */
  readonly migrations: string | undefined
  /** `file:` URL of the SQL that fills a new database. */
  readonly seed: string | undefined
  readonly usesDatabase: boolean
  /** The files that it loads, without those of packages. */
  readonly files: readonly string[]
}

/** A service's file, and what Node runs of it. */
export interface Source {
  readonly file: string
  readonly compiled: string
}

/** Of each file its description, or a line that says why there is none. */
export type Descriptions = readonly ({ readonly service: ServiceDescription } | { readonly error: string })[]

// Dev is gone, or stopped before the answer came.
process.on('disconnect', () => process.exit())

/** What was compiled tells its files itself. */
const imports = sources().some(({ file, compiled }) => file === compiled) ? recordImports() : undefined
process.send!((await Promise.all(sources().map(describe))) satisfies Descriptions, () => process.exit(0))

function sources(): readonly Source[] {
  return JSON.parse(process.argv[2]!) as readonly Source[]
}

async function describe({ file, compiled }: Source): Promise<Descriptions[number]> {
  try {
    const { name, port, migrations, seed, usesDatabase = false } = await loadService(file, compiled)
    const files = imports?.from(file) ?? []
    return { service: { name, port, migrations: migrations?.href, seed: seed?.href, usesDatabase, files } }
  } catch (error) {
    return { error: failureLine(error) }
  }
}
