/** Loads a service's file, TypeScript or JavaScript. */
import { existsSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Contract } from '../contract/contract.ts'
import { CliError } from './failure.ts'

/** What the commands use of the object that a service's file exports. */
export interface LoadedService {
  readonly name: string
  readonly definition: { readonly contract: Contract }
  readonly port?: number | undefined
  readonly migrations?: URL | undefined
  readonly seed?: URL | undefined
  readonly usesDatabase?: boolean | undefined
  listen(): Promise<{ url: string }>
  close(): Promise<void>
}

/**
 * Imports the service that a file, or a folder's `service.{ts,mts,js,mjs}`, exports as its default.
 *
 * @throws {CliError} when there is no such file, or it exports no service; whatever the file itself throws.
 */
export async function loadService(path: string): Promise<LoadedService> {
  const file = serviceFile(path)
  if (isTypeScript(file) && !runsTypeScript) await useTsx(file)
  const exports = (await import(pathToFileURL(file).href)) as { default?: unknown }
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

function serviceFile(path: string): string {
  const full = resolve(path)
  if (!existsSync(full)) throw new CliError(`${path}: no such file`)
  if (!statSync(full).isDirectory()) return full
  const file = serviceFileNames.map((name) => join(full, name)).find((candidate) => existsSync(candidate))
  if (!file) throw new CliError(`${path} has no service.ts`)
  return file
}

function isTypeScript(file: string): boolean {
  return /\.m?ts$/.test(file)
}

/** Node 22.18 and later run TypeScript as it is. */
const runsTypeScript = Boolean((process.features as { typescript?: unknown }).typescript)

/** Elsewhere tsx does: the project's own, else the one beside tricube. */
async function useTsx(file: string): Promise<void> {
  for (const from of [file, import.meta.url]) {
    const loader = resolveFrom(from, 'tsx')
    if (!loader) continue
    // What services import, first: every module that passes through tsx's hooks costs twice the time and more memory.
    await Promise.all([import('../index.ts'), import('../models/index.ts')])
    return void (await import(pathToFileURL(loader).href))
  }
  throw new CliError(
    `Node ${process.versions.node} does not run ${shown(file)} by itself: npm i -D tsx, or use Node 22.18 or later`,
  )
}

function resolveFrom(from: string, name: string): string | undefined {
  try {
    return createRequire(from).resolve(name)
  } catch {
    return undefined
  }
}

function isService(value: unknown): value is LoadedService {
  if (typeof value !== 'object' || value === null) return false
  const { name, listen, close } = value as Partial<LoadedService>
  return typeof name === 'string' && typeof listen === 'function' && typeof close === 'function'
}
