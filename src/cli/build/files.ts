import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { lineDiff } from './lineDiff.ts'

/** A file that `tricube build` writes. */
export interface BuiltFile {
  readonly path: string
  readonly text: string
}

/** A file with what is on disk. */
export interface ComparedFile extends BuiltFile {
  readonly state: 'same' | 'new' | 'outdated' | 'edited'
  /** The lines that differ. */
  readonly diff: string
}

/**
 * Compares a file with the one on disk. Its first line has a hash of the rest: if that is another one, somebody has edited
 * the file.
 */
export async function compareFile(folder: string, { path, text }: BuiltFile): Promise<ComparedFile> {
  const written = withHash(text)
  const found = await readFile(join(folder, path), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  const known = found?.replaceAll('\r\n', '\n') // as Git may check it out
  if (known === undefined) return { path, text: written, state: 'new', diff: '' }
  if (known === written) return { path, text: written, state: 'same', diff: '' }
  const [, rest = ''] = /^[^\n]*\n([^]*)$/.exec(known) ?? []
  const state = known === withHash(rest) ? 'outdated' : 'edited'
  return { path, text: written, state, diff: lineDiff(known, written) }
}

/** Writes a file and the folders that it is in. */
export async function writeBuilt(folder: string, { path, text }: BuiltFile): Promise<void> {
  const file = join(folder, path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
}

function withHash(text: string): string {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16)
  return `# Written by tricube build, ${hash}: run it again instead of editing this file.\n${text}`
}
