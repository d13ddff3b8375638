/** Loads a service's file, TypeScript or JavaScript. */
import { existsSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import type { Contract } from '../contract/contract.ts'
import { load } from '../load/load.ts'
import type { Logger } from '../log/logger.ts'
import type { Room } from '../tables/room.ts'
import { CliError } from './failure.ts'

/** What the commands use of the object that a service's file exports. */
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
 * Imports the service that a file, or a folder's `service.{ts,mts,js,mjs}`, exports as its default.
 *
 * @param compiled - The JavaScript that dev has already made of it, if any.
 * @throws {CliError} when there is no such file, or it exports no service; whatever the file itself throws.
 */
export async function loadService(path: string, compiled?: string): Promise<LoadedService> {
  const file = serviceFile(path)
  if (!/\.[cm]?[jt]s$/.test(file)) throw new CliError(`${shown(file)} is neither TypeScript nor JavaScript`)
  const exports: { default?: unknown } = await load(compiled ?? file)
  // A file that a package.json without "type": "module" makes CommonJS arrives wrapped once more.
  const service = [exports.default, (exports.default as typeof exports | undefined)?.default].find(isService)
  if (!service)
    throw new CliError(`${shown(file)} has no service as its default export: export default service(contract, …)`)
  return service
}

/** The endings that a service's file may have. */
export const serviceFileNames: readonly string[] = ['service.ts', 'service.mts', 'service.js', 'service.mjs']

/** A path as messages show it. */
export function shown(path: string): string {
  return relative(process.cwd(), path) || '.'
}

/**
 * The file that a path stands for.
 *
 * @throws {CliError} when there is none
 */
export function serviceFile(path: string): string {
  const full = resolve(path)
  if (!existsSync(full)) throw new CliError(`${path}: no such file`)
  if (!statSync(full).isDirectory()) return full
  const file = serviceFileNames.map((name) => join(full, name)).find((candidate) => existsSync(candidate))
  if (!file) throw new CliError(`${path} has no service.ts`)
  return file
}

function isService(value: unknown): value is LoadedService {
  if (typeof value !== 'object' || value === null) return false
  const { name, listen, close } = value as Partial<LoadedService>
  return typeof name === 'string' && typeof listen === 'function' && typeof close === 'function'
}
