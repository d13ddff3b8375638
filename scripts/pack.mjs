// What would be published, packed from the dist/ that is there and unpacked where its dependencies can be found.
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Packs into an empty folder; gives the tarball and the unpacked package. */
export function pack(folder = join(root, 'node_modules/.cache/packed')) {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const npm = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]
  const [{ filename, files }] = Object.values(JSON.parse(execFileSync('npm', npm, { cwd: root, encoding: 'utf8' })))
  const tarball = join(folder, filename)
  execFileSync('tar', ['-xzf', tarball, '-C', folder])
  return { tarball, folder: join(folder, 'package'), files: files.map(({ path }) => path) }
}
