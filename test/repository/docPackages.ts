/** The packages of a page: which ones its code imports, and which ones it tells its reader to install. */
import { readFileSync } from 'node:fs'
import { blocksOf } from './docBlocks.ts'
import { root } from './project.ts'

/** A package as it is typed after `npm install`, such as `vitest@4`. */
export interface Installed {
  readonly name: string
  readonly isDev: boolean
}

const installing = /\bnpm install (?<dev>-D |--save-dev )?(?<names>[@\w][^`#|\n]*)/g

/** Returns what a page installs beside tricube, in its commands and in its sentences. */
export function installedBy(page: string): readonly Installed[] {
  const lines = Array.from(readFileSync(root + page, 'utf8').matchAll(installing), ({ groups }) => groups!)
  const all = lines.flatMap(({ dev, names }) =>
    names!
      .trim()
      .split(' ')
      .map((name) => ({ name, isDev: dev !== undefined })),
  )
  return all.filter(({ name }) => name !== 'tricube')
}

const naming = /(?:\bfrom|\bimport|\bdeclare module) '(?<name>(?:@[\w.-]+\/)?[\w.-]+)(?:\/[^']*)?'/g

/** Returns the packages, without tricube and Node's own modules, that the TypeScript of a page names. */
export function importedBy(page: string): readonly string[] {
  const code = blocksOf(page).filter(({ language }) => language === 'ts')
  const names = code.flatMap(({ text }) => Array.from(text.matchAll(naming), ({ groups }) => groups!['name']!))
  return [...new Set(names)].filter((name) => name !== 'tricube' && !name.startsWith('.'))
}
