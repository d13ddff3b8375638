// The other releases of Node that tricube supports, for the tests of the package: from npm, into the user's cache.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const releases = [20, 22, 24, 26]

/** Paths of their programs, as a PATH has them; a warning for each that is not to be had. */
export function findNodes() {
  if (process.env.TRICUBE_TEST_NODES) return process.env.TRICUBE_TEST_NODES
  const others = releases.filter((release) => release !== Number(process.versions.node.split('.')[0]))
  return others.flatMap((release) => find(release) ?? []).join(delimiter)
}

function find(release) {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tricube', `node-${release}`)
  const file = join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (existsSync(file)) return file
  try {
    mkdirSync(folder, { recursive: true })
    const npm = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', folder, `${name}@${release}`]
    execFileSync('npm', npm, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' })
    return file
  } catch (error) {
    console.warn(`WARNING: no Node ${release} to test with: ${error.stderr?.trim() || error.message}`)
    return undefined
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(findNodes())
