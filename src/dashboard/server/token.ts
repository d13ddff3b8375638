import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Returns the token of a folder, which is made once: open pages stay open over restarts. */
export async function tokenOf(folder: string): Promise<string> {
  const file = join(folder, 'dashboard', 'token')
  const known = await readFile(file, 'utf8').catch(() => '')
  if (/^[\w-]{43}$/.test(known)) return known
  const token = randomBytes(32).toString('base64url')
  await mkdir(join(file, '..'), { recursive: true, mode: 0o700 })
  await writeFile(file, token, { mode: 0o600 })
  return token
}

/** Returns the key in the path for other programs. It does not open the dashboard. */
export function programKey(token: string): string {
  return createHash('sha256').update(`programs ${token}`).digest('base64url').slice(0, 24)
}
