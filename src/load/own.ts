import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** Set by scripts/build.mjs, so that a bundled service needs no file of tricube. */
declare const TRICUBE_VERSION: string

export const ownVersion: string = TRICUBE_VERSION

/** Returns the folder of tricube's compiled code, even if this module was bundled into another file. */
export function ownFolder(): string {
  return join(dirname(createRequire(import.meta.url).resolve('tricube/package.json')), 'dist/')
}

/** Returns the file of a tricube program that runs in its own process. */
export function ownProgram(name: 'main' | 'describe'): string {
  return join(ownFolder(), 'cli', `${name}.js`)
}
