import { existsSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { readPackage, withSlashes, workspacesOf, type Package } from './workspaces.ts'

/** How packages are installed. */
export type PackageManager = 'npm' | 'pnpm' | 'yarn' | 'none'

/** What the image installs, and from which files. */
export interface Installed {
  readonly packageManager: PackageManager
  /** The files that the installation reads, relative to the project. */
  readonly files: readonly string[]
  /** Whether packages of the project itself are installed, which may get a `node_modules` of their own. */
  readonly hasOwnPackages: boolean
  /** The names of all packages that the project or its workspaces depend on. */
  readonly dependencies: ReadonlySet<string>
  /** Whether the image has tricube where its command looks for it. */
  readonly hasTricube: boolean
}

/** Finds out what the image of a project installs. */
export function installedBy(root: string): Installed {
  const packageManager = packageManagerOf(root)
  const workspaces = workspacesOf(root)
  const own = readPackage(root)
  const members = workspaces.map((path) => readPackage(join(root, path)))
  const local = ['', ...workspaces].flatMap((path) => localFiles(root, path))
  const packageFiles = [...workspaces.map((path) => `${path}/package.json`), ...local]
  const lists = packageManager === 'pnpm' && members.length > 0 ? [own] : [own, ...members]
  return {
    packageManager,
    files: [...new Set([...rootFiles(root, packageManager), ...packageFiles])],
    hasOwnPackages: packageFiles.some((path) => path.endsWith('/package.json')),
    dependencies: new Set([own, ...members].flatMap((one) => Object.keys(installedOf(one)))),
    hasTricube: lists.some((one) => 'tricube' in installedOf(one)) || !isElsewhere([own, ...members]),
  }
}

const lockFiles = { npm: 'package-lock.json', pnpm: 'pnpm-lock.yaml', yarn: 'yarn.lock' } as const

function packageManagerOf(root: string): PackageManager {
  return (['npm', 'pnpm', 'yarn'] as const).find((one) => existsSync(join(root, lockFiles[one]))) ?? 'none'
}

function rootFiles(root: string, packageManager: PackageManager): readonly string[] {
  const lockFile = packageManager === 'none' ? [] : [lockFiles[packageManager]]
  const settings = packageManager === 'pnpm' && existsSync(join(root, 'pnpm-workspace.yaml'))
  return ['package.json', ...lockFile, ...(settings ? ['pnpm-workspace.yaml'] : [])]
}

/** The files of the project that a package depends on by their paths: archives, and the package.json of folders. */
function localFiles(root: string, path: string): readonly string[] {
  return Object.values(installedOf(readPackage(join(root, path)))).flatMap((version) => {
    const target = /^(?:file|link|portal):(.+)$/.exec(version)?.[1]
    if (target === undefined) return []
    const found = withSlashes(relative(root, join(root, path, target)))
    if (found.startsWith('..') || found === '' || !existsSync(join(root, found))) return []
    return statSync(join(root, found)).isDirectory() ? `${found}/package.json` : found
  })
}

function installedOf({ dependencies, optionalDependencies }: Package): Readonly<Record<string, string>> {
  return { ...dependencies, ...optionalDependencies }
}

/** Whether packages name tricube, but not where it is installed for the image. */
function isElsewhere(packages: readonly Package[]): boolean {
  return packages.some((one) => 'tricube' in { ...installedOf(one), ...one.devDependencies })
}
