// Programs for the tests that npm does not have: from the PATH, else Debian's packages, fetched by apt into the user's cache.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

/**
 * Path of a program: what `variable` names, what is on the PATH, else `file` in its unpacked packages. Undefined, and a
 * warning, where there is none to be had.
 *
 * @param {{ name: string, variable: string, packages: string[], suite?: string, file: string,
 *   finish?: (folder: string) => void }} program `suite`: a Debian release, the machine's own unless it is said;
 *   `finish` gets the folder into which the packages were unpacked
 */
export function findProgram({ name, variable, packages, suite, file, finish }) {
  const named = process.env[variable]
  if (named) return named
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name))
  const cache = join(process.env.XDG_CACHE_HOME || usualCache(), 'tricube')
  const cached = join(cache, suite === undefined ? name : `${name}-${suite}`)
  const found = [...onPath, join(cached, file)].find((path) => existsSync(path))
  if (found) return found
  try {
    fetchInto(cached, packages, suite, finish)
    return join(cached, file)
  } catch (error) {
    console.warn(`WARNING: no ${name} to test with, its tests are skipped: ${error.stderr?.trim() || error.message}`)
    return undefined
  }
}

/** Tests run poolers as another user than root, whose home is closed to it on some machines. */
function usualCache() {
  return process.getuid?.() === 0 ? '/var/cache' : join(homedir(), '.cache')
}

/** Downloads and unpacks packages; nothing is installed, and the machine's own apt state stays as it is. */
function fetchInto(folder, packages, suite, finish = () => {}) {
  mkdirSync(dirname(folder), { recursive: true })
  const work = mkdtempSync(`${folder}-`)
  const unpacked = join(work, 'unpacked')
  try {
    for (const part of ['lists/partial', 'archives/partial', 'unpacked'])
      mkdirSync(join(work, part), { recursive: true })
    const signedBy = existsSync(keyring) ? `[signed-by=${keyring}] ` : ''
    writeFileSync(
      join(work, 'sources.list'),
      sources(suite)
        .map((source) => `deb ${signedBy}${source} main\n`)
        .join(''),
    )
    writeFileSync(join(work, 'apt.conf'), configuration(work))
    const apt = (...args) => quietly('apt-get', ['-c', join(work, 'apt.conf'), ...args], work)
    apt('update')
    apt('download', ...packages)
    for (const archive of readdirSync(work).filter((entry) => entry.endsWith('.deb'))) {
      quietly('dpkg-deb', ['-x', join(work, archive), unpacked])
    }
    finish(unpacked)
    renameSync(unpacked, folder)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** Where this machine takes its Debian packages from, with the updates of its release; or another suite from there. */
function sources(suite) {
  const targets = quietly('apt-get', ['indextargets', '--format', '$(REPO_URI) $(RELEASE) $(COMPONENT)'])
  const releases = targets.split('\n').map((line) => line.split(' '))
  const main = releases.filter(([, release, component]) => component === 'main' && (!suite || !release.includes('-')))
  if (main.length === 0) throw new Error('apt has no source with main releases')
  return [...new Set(main.map(([uri, release]) => `${uri} ${suite ?? release}`))]
}

/** Everything that apt writes goes into the folder; its hooks, which would tell the machine of an update, are left out. */
function configuration(folder) {
  return [
    '#clear APT::Update;',
    `Dir::Etc::sourcelist "${folder}/sources.list";`,
    'Dir::Etc::sourceparts "/dev/null";',
    `Dir::State::lists "${folder}/lists";`,
    `Dir::Cache::archives "${folder}/archives";`,
    'Dir::Cache::pkgcache "";',
    'Dir::Cache::srcpkgcache "";',
    'APT::Sandbox::User "";', // as root it would drop to a user who may not write here
    'Acquire::Languages "none";',
    'Acquire::Retries "2";',
    'Acquire::http::Timeout "20";',
  ].join('\n')
}

function quietly(command, args, cwd) {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 180_000 })
}
