import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** Put in by scripts/build.mjs, so that a service that somebody bundles needs no file of tricube's. */
declare const TRICUBE_VERSION: string

export const ownVersion: string = TRICUBE_VERSION

/** Where what runs of tricube lies, whatever this module was bundled into. */
export function ownFolder(): string {
  return join(dirname(createRequire(import.meta.url).resolve('tricube/package.json')), 'dist/')
}

/** The file of one of tricube's programs, to be run by a process of its own. */
export function ownProgram(name: 'main' | 'describe'): string {
  return join(ownFolder(), 'cli', `${name}.js`)
}
