// Versions of both packages, which are always the same.
//
//   node scripts/release.mjs minor      sets the next version, dates the changelog, commits and tags
//   node scripts/release.mjs check      fails when the versions differ, or from the tag in GITHUB_REF_NAME
//   node scripts/release.mjs notes      prints the changes of this version
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

const packages = ['package.json', 'packages/create-tricube/package.json']
const lock = 'package-lock.json'
const unreleased = '## [Unreleased]\n'

const commands = { check, notes, major: release, minor: release, patch: release }
const [name = ''] = process.argv.slice(2)
try {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!command) throw new Error(`expected ${Object.keys(commands).join(', ')}, got "${name}"`)
  command(name)
} catch (error) {
  console.error(`release: ${error.message}`)
  process.exitCode = 1
}

function release(step) {
  if (git('status', '--porcelain') !== '') throw new Error('commit your changes first')
  check()
  const version = next(read('package.json').version, step)
  const changelog = readFileSync('CHANGELOG.md', 'utf8')
  if (sectionOf(changelog, 'Unreleased') === '') throw new Error('CHANGELOG.md has nothing under Unreleased')
  for (const file of packages) write(file, { ...read(file), version })
  const locked = read(lock)
  locked.version = locked.packages[''].version = version
  write(lock, locked)
  const today = new Date().toISOString().slice(0, 10)
  writeFileSync(
    'CHANGELOG.md',
    changelog.replace(unreleased, () => `${unreleased}\n## [${version}] - ${today}\n`),
  )
  git('commit', '--quiet', '--all', '--message', `Release ${version}`)
  git('tag', `v${version}`)
  console.log(`Committed and tagged v${version}. To publish it: git push --atomic origin HEAD v${version}`)
}

function check() {
  const { version } = read('package.json')
  for (const [file, other] of [
    ...packages.map((file) => [file, read(file).version]),
    [lock, read(lock).version],
    [lock, read(lock).packages[''].version],
  ]) {
    if (other !== version) throw new Error(`${file} has version ${other}, expected ${version}`)
  }
  const tag = process.env.GITHUB_REF_TYPE === 'tag' ? process.env.GITHUB_REF_NAME : undefined
  if (tag !== undefined && tag !== `v${version}`) throw new Error(`the tag is ${tag}, expected v${version}`)
}

function notes() {
  const { version } = read('package.json')
  const text = sectionOf(readFileSync('CHANGELOG.md', 'utf8'), version)
  if (text === '') throw new Error(`CHANGELOG.md has no changes of ${version}`)
  console.log(text)
}

function next(version, step) {
  const numbers = version.split('.').map(Number)
  const at = ['major', 'minor', 'patch'].indexOf(step)
  return numbers.map((number, i) => (i < at ? number : i === at ? number + 1 : 0)).join('.')
}

/** Returns the text under a version's heading. */
function sectionOf(changelog, version) {
  const sections = changelog.split(/^## /m)
  const section = sections.find((one) => one.startsWith(`[${version}]`)) ?? ''
  return section.slice(section.indexOf('\n') + 1).trim()
}

function read(file) {
  return JSON.parse(readFileSync(file, 'utf8'))
}

function write(file, value) {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`)
}

function git(...args) {
  return execFileSync('git', args, { encoding: 'utf8' }).trim()
}
