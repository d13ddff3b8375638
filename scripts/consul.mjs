// A real Consul for the tests: the `consul` of the PATH, else Debian's package, fetched by apt into the user's cache.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The last Debian release that has the package. */
const suite = 'bullseye'
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** Path of a `consul`; undefined, and a warning, where there is none to be had. */
export function findConsul() {
  const named = process.env.TRICUBE_TEST_CONSUL
  if (named) return named
  const cached = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tricube', `consul-${suite}`)
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'consul'))
  const found = [...onPath, join(cached, 'usr/bin/consul')].find((file) => existsSync(file))
  if (found) return found
  try {
    fetchInto(cached)
    return join(cached, 'usr/bin/consul')
  } catch (error) {
    console.warn(`WARNING: no Consul to test with, its tests are skipped: ${error.stderr?.trim() || error.message}`)
    return undefined
  }
}

/** Downloads and unpacks the package; nothing is installed, and the machine's own apt state stays as it is. */
function fetchInto(folder) {
  mkdirSync(dirname(folder), { recursive: true })
  const work = mkdtempSync(`${folder}-`)
  try {
    for (const part of ['lists/partial', 'archives/partial', 'unpacked'])
      mkdirSync(join(work, part), { recursive: true })
    const signedBy = existsSync(keyring) ? `[signed-by=${keyring}] ` : ''
    writeFileSync(
      join(work, 'sources.list'),
      mirrors()
        .map((uri) => `deb ${signedBy}${uri} ${suite} main\n`)
        .join(''),
    )
    writeFileSync(join(work, 'apt.conf'), configuration(work))
    const apt = (...args) => quietly('apt-get', ['-c', join(work, 'apt.conf'), ...args], work)
    apt('update')
    apt('download', 'consul')
    const archive = readdirSync(work).find((file) => file.endsWith('.deb'))
    quietly('dpkg-deb', ['-x', join(work, archive), join(work, 'unpacked')], work)
    renameSync(join(work, 'unpacked'), folder)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** Where this machine takes its Debian packages from. */
function mirrors() {
  const targets = quietly('apt-get', ['indextargets', '--format', '$(REPO_URI) $(RELEASE) $(COMPONENT)'])
  const releases = targets.split('\n').map((line) => line.split(' '))
  const uris = releases.filter(([, release, component]) => component === 'main' && !release.includes('-'))
  if (uris.length === 0) throw new Error('apt has no source with main releases')
  return [...new Set(uris.map(([uri]) => uri))]
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

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const consul = findConsul()
  if (consul) console.log(consul)
  else process.exitCode = 1
}
