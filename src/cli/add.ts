import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { parseRoute } from '../contract/route.ts'
import type { Addition } from './add/addition.ts'
import { operationFiles } from './add/newOperation.ts'
import { serviceFilesOf } from './add/newService.ts'
import { print } from './columns.ts'
import { serviceFiles } from './dev/plan.ts'
import { CliError } from './failure.ts'
import { displayPath, loadService } from './load-service.ts'
import { migrate } from './migrate.ts'

/**
 * `tricube add service|operation|migration`: writes new files, and prints what to paste into existing ones. It changes no
 * file.
 */
export async function addCommand(argv: string[]): Promise<number> {
  const { positionals } = parseArgs({ args: argv, allowPositionals: true, options: {} })
  const [kind, ...names] = positionals
  if (kind === 'service' && names.length === 1) return write(serviceFilesOf(nameOf(names[0]!), await freePort()))
  if (kind === 'operation' && (names.length === 2 || names.length === 3)) return addOperation(names)
  if (kind === 'migration' && names.length === 2) return migrate(['new', names[0]!, '--name', names[1]!])
  throw new CliError(usage, 2)
}

const usage = `Usage: tricube add service <name>
       tricube add operation <service> <name> ['GET /path']
       tricube add migration <service> <name>`

/** Returns the name of a contract: `billing` is short for `billing-service`. */
function nameOf(given: string): string {
  const name = given.endsWith('-service') ? given : `${given}-service`
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > 63) {
    throw new CliError(
      `tricube add: the name must be kebab-case with at most 63 characters, like billing, got ${JSON.stringify(given)}`,
      2,
    )
  }
  return name
}

async function addOperation([folder, name, route]: string[]): Promise<number> {
  if (!/^[A-Za-z_$][\w$]*$/.test(name!)) {
    throw new CliError(
      `tricube add: an operation's name must be a JavaScript identifier, like getOrder, got ${JSON.stringify(name)}`,
      2,
    )
  }
  const { definition } = await loadService(folder!)
  const { contract } = definition
  if (Object.hasOwn(contract.operations, name!)) throw new CliError(`${contract.name} has an operation ${name} already`)
  const path = route ?? `GET /${name!.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
  return write(operationFiles({ folder: folder!, service: contract.name, name: name!, ...parsed(path) }))
}

function parsed(route: string): { readonly route: string; readonly pathParams: readonly string[] } {
  try {
    return { route, pathParams: parseRoute(route).pathParams }
  } catch (error) {
    throw new CliError(`tricube add: ${(error as Error).message}`, 2)
  }
}

/** The first tenth above the ports of the other services, so that the numbers stay in order. */
async function freePort(): Promise<number> {
  const files = await serviceFiles('.')
  const services = await Promise.all(files.map((file) => loadService(file)))
  const last = Math.max(8000, ...services.map(({ port = 0 }) => port))
  return Math.floor(last / 10) * 10 + 10
}

async function write({ files, next }: Addition): Promise<number> {
  const taken = Object.keys(files).filter((path) => existsSync(path))
  if (taken.length > 0) throw new CliError(`${taken.join(', ')}: the file exists already; nothing was written`)
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text, { flag: 'wx' })
    print(`wrote ${displayPath(join(path))}\n`)
  }
  return print(`\n${next}`)
}
