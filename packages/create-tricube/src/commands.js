import { spawnSync } from 'node:child_process'

/** Installs the packages; false when that failed, which the package manager has explained. */
export function installWith({ install }, folder) {
  console.log(`Installing packages: ${install}`)
  const { status } = spawnSync(install, { cwd: folder, stdio: 'inherit', shell: true })
  if (status !== 0) console.error('create-tricube: the packages are not installed, see above')
  return status === 0
}

/** Creates a Git repository, where there is Git and the folder is in none yet. */
export function startGit(folder) {
  const git = (...args) => spawnSync('git', args, { cwd: folder, stdio: 'ignore' }).status === 0
  if (git('rev-parse', '--is-inside-work-tree')) return
  if (git('init')) git('add', '-A')
}
