import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { CliError } from './failure.ts'
import { displayPath, serviceFileIn } from './load-service.ts'

/**
 * Returns the error of a command that found no service in these folders. It names the command that does find some one
 * folder deeper, or else how to begin.
 */
export function noService(roots: readonly string[]): CliError {
  return new CliError(
    `${roots.join(', ')}: no service found; expected service.ts or */service.ts in this folder; ${adviceFor(roots)}`,
  )
}

function adviceFor(roots: readonly string[]): string {
  const withServices = roots.flatMap((root) => foldersIn(root).filter(hasServices))
  if (withServices.length > 0)
    return `some are one folder deeper: run tricube ${commandName()} ${pathsOf(withServices)}`
  const empty = roots.find(isEmpty)
  if (empty !== undefined) return `to begin, run npm create tricube@latest ${displayPath(empty)}`
  return 'add one there with tricube add service billing'
}

/** Returns the folders in a folder that may be services, or have some. */
export function foldersIn(folder: string): readonly string[] {
  return readdirSync(resolve(folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules')
    .map(({ name }) => join(resolve(folder), name))
    .sort()
}

function hasServices(folder: string): boolean {
  try {
    return foldersIn(folder).some((each) => serviceFileIn(each) !== undefined)
  } catch {
    return false // a folder of another user, such as the data of a container
  }
}

function isEmpty(folder: string): boolean {
  return readdirSync(folder).every((name) => name.startsWith('.'))
}

function pathsOf(folders: readonly string[]): string {
  return folders.map((folder) => displayPath(folder)).join(' ')
}

/** The command that runs, such as `dev`: only this process knows which one looks for services. */
function commandName(): string {
  return process.argv[2] ?? 'dev'
}
