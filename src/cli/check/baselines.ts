import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { parseDocument, type ContractDocument } from '../../compatibility/document.ts'
import { CliError } from '../failure.ts'
import { displayPath } from '../load-service.ts'

/** The file with the contract that callers know, beside the file of the service. */
export const contractFile = 'contract.json'

/** The contracts that callers know, by the folders of their services. */
export type Baselines = ReadonlyMap<string, ContractDocument>

/**
 * Reads the contract files in these folders, from disk or from a commit.
 *
 * @throws {CliError} when the commit does not exist, or a file is not a contract
 */
export async function baselinesIn(roots: readonly string[], commit: string | undefined): Promise<Baselines> {
  const found = new Map<string, ContractDocument>()
  for (const root of roots.map((one) => resolve(one))) {
    const files = commit === undefined ? await filesOnDisk(root) : await filesInCommit(root, commit)
    for (const [file, text] of files) found.set(dirname(file), parse(file, text))
  }
  return found
}

type Files = readonly (readonly [file: string, text: string])[]

async function filesOnDisk(root: string): Promise<Files> {
  const entries = await readdir(root, { withFileTypes: true })
  const folders = entries
    .filter((entry) => entry.isDirectory() && !isHidden(entry.name))
    .map(({ name }) => join(root, name))
  const files = [root, ...folders].map((folder) => join(folder, contractFile)).filter((file) => existsSync(file))
  return Promise.all(files.map(async (file) => [file, await readFile(file, 'utf8')] as const))
}

async function filesInCommit(root: string, commit: string): Promise<Files> {
  if (commit.startsWith('-')) throw new CliError(`--against must name a commit, got ${JSON.stringify(commit)}`)
  await git(root, ['rev-parse', '--verify', '--quiet', `${commit}^{commit}`]).catch((error: unknown) => {
    const isMissing = (error as { code?: unknown }).code === 'ENOENT'
    throw new CliError(
      isMissing
        ? 'Git was not found: install it to use --against'
        : `--against ${commit}: Git has no such commit in ${displayPath(root)}; commit it, or fetch it first`,
    )
  })
  const paths = (await git(root, ['ls-tree', '-r', '-z', '--name-only', commit, '--', '.'])).split('\0')
  const files = paths.filter((path) => path === contractFile || /^[^/]+\/contract\.json$/.test(path))
  return Promise.all(
    files
      .filter((path) => !isHidden(path))
      .map(async (path) => [join(root, path), await git(root, ['show', `${commit}:./${path}`])] as const),
  )
}

async function git(folder: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('git', ['-C', folder, ...args], { maxBuffer: 64 * 1024 * 1024 })
  return stdout
}

function parse(file: string, text: string): ContractDocument {
  try {
    return parseDocument(text)
  } catch (error) {
    throw new CliError(`${displayPath(file)}: ${(error as Error).message}`)
  }
}

function isHidden(name: string): boolean {
  return name.startsWith('.') || name.startsWith('node_modules')
}
