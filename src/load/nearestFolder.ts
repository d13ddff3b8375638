import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { nearestName } from '../schema/validator/nearestName.ts'

/**
 * Returns `; did you mean catalog-service?` for the path of a folder that does not exist: a folder beside it whose name
 * begins with the missing one, or is similar. Else an empty text.
 */
export function nearestFolder(path: string): string {
  const parent = dirname(path)
  const missing = basename(path)
  const names = foldersIn(parent)
  const nearest = names.find((name) => name.startsWith(`${missing}-`)) ?? nearestName(missing, names)
  return nearest === undefined ? '' : `; did you mean ${join(parent, nearest)}?`
}

function foldersIn(parent: string): string[] {
  try {
    const entries = readdirSync(parent, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  } catch {
    return []
  }
}
