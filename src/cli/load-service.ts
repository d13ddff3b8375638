/** Loads a service from a TypeScript or JavaScript file. */
import { existsSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import type { Contract } from '../contract/contract.ts'
import { load } from '../load/load.ts'
import { nearestFolder } from '../load/nearestFolder.ts'
import type { Logger } from '../log/logger.ts'
import type { Room } from '../tables/room.ts'
import { CliError } from './failure.ts'

/** The members of a service that the commands use. */
export interface LoadedService {
  readonly name: string
  readonly definition: { readonly contract: Contract }
  readonly port?: number | undefined
  readonly migrations?: URL | undefined
  readonly seed?: URL | undefined
  readonly usesDatabase?: boolean | undefined
  readonly tables?: readonly Room[] | undefined
  readonly log?: Pick<Logger, 'fatal'> | undefined
  listen(): Promise<{ url: string }>
  close(): Promise<void>
}

/**
 * Imports the default export of a service's file, or of the `service.{ts,mts,js,mjs}` in a folder.
 *
 * @param compiled - The JavaScript file to run, if the caller has compiled it already.
 * @throws {CliError} when the file is missing or exports no service. Errors that the file itself throws pass through.
 */
export async function loadService(path: string, compiled?: string): Promise<LoadedService> {
  const file = serviceFile(path)
  if (!/\.[cm]?[jt]s$/.test(file)) throw new CliError(`${displayPath(file)}: expected a TypeScript or JavaScript file`)
  const exports: { default?: unknown } = await load(compiled ?? file)
  // The default export is nested once more if a package.json without "type": "module" makes the file CommonJS.
  const service = [exports.default, (exports.default as typeof exports | undefined)?.default].find(isService)
  if (!service) {
    throw new CliError(`${displayPath(file)}: no service found; add export default service(contract, …)`)
  }
  return service
}

/** The names that a service's file may have in a folder. */
export const serviceFileNames: readonly string[] = ['service.ts', 'service.mts', 'service.js', 'service.mjs']

/** Returns the file of the service that is this folder; undefined if it is none. */
export function serviceFileIn(folder: string): string | undefined {
  return serviceFileNames.map((name) => join(folder, name)).find((file) => existsSync(file))
}

/** Returns a path relative to the working folder, for messages. */
export function displayPath(path: string): string {
  return relative(process.cwd(), path) || '.'
}

/**
 * Returns the service's file for the path of a file or folder.
 *
 * @throws {CliError} when the file is missing
 */
export function serviceFile(path: string): string {
  const full = resolve(path)
  if (!existsSync(full)) throw new CliError(`${path}: file not found${nearestFolder(path)}`)
  if (!statSync(full).isDirectory()) return full
  const file = serviceFileIn(full)
  if (!file) throw new CliError(`${path}: no service found; expected service.ts in this folder`)
  return file
}

function isService(value: unknown): value is LoadedService {
  if (typeof value !== 'object' || value === null) return false
  const { name, listen, close } = value as Partial<LoadedService>
  return typeof name === 'string' && typeof listen === 'function' && typeof close === 'function'
}
