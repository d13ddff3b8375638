import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

/** Returns what to write instead of a relative import that names no file, as the end of a message; empty if nothing is found. */
export function wholeName(path: string, folder: string): string {
  const [, stem = path, ending = ''] = /^(.+?)(\.[cm]?js)?$/.exec(path.replace(/\/$/, '')) ?? []
  const names = [
    ...['.ts', '.mts', '.js', '.mjs'].map((one) => `${path}${one}`),
    ...(ending === ''
      ? ['/index.ts', '/index.js'].map((one) => `${stem}${one}`)
      : [`${stem}${ending.replace('j', 't')}`]),
  ]
  const found = names.find((name) => existsSync(resolve(folder, name)))
  return found === undefined ? '' : `; write the whole name, "${found}"`
}
