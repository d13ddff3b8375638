import { parseArgs } from 'node:util'
import { clusterFile } from './build/cluster.ts'
import { composeFile } from './build/compose.ts'
import { dockerfile, dockerignore } from './build/dockerfile.ts'
import { compareFile, writeBuilt, type BuiltFile, type ComparedFile } from './build/files.ts'
import { imageProblems } from './build/imageNode.ts'
import { kubernetesFiles } from './build/kubernetes.ts'
import { noticesOf, warningsOf } from './build/notices.ts'
import { readProject, type Project } from './build/project.ts'
import { print } from './columns.ts'
import { CliError, complain } from './failure.ts'

/**
 * `tricube build [dir…]`: writes the files that ship the services of this folder. Files that somebody has edited stay, and it
 * exits with 1. It prints what you have to fill in. `--check` writes nothing, and exits with 1 when a file is out of date.
 */
export async function buildCommand(argv: string[]): Promise<number> {
  const { positionals, values } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: { check: { type: 'boolean' }, force: { type: 'boolean' } },
  })
  const roots = positionals.length > 0 ? positionals : ['.']
  const project = await readProject('.', roots)
  const problems = await imageProblems(project.services.map(({ file }) => file))
  if (problems.length > 0) {
    throw new CliError(`${problems.join('\n')}\nNode 24, which the image has, would not start the services`)
  }
  const files = await Promise.all(filesOf(project).map((file) => compareFile('.', file)))
  for (const warning of warningsOf(project)) complain(warning)
  if (values.check) return check(files)
  const code = await write(files, values.force ? 'overwrite edited' : 'keep edited')
  for (const notice of noticesOf(project)) print(`${notice}\n`)
  return code
}

function filesOf(project: Project): readonly BuiltFile[] {
  const files = {
    Dockerfile: dockerfile(project),
    '.dockerignore': dockerignore(project),
    'compose.yaml': composeFile(project),
    'compose.cluster.yaml': clusterFile(project),
    ...kubernetesFiles(project),
  }
  return Object.entries(files).map(([path, text]) => ({ path, text }))
}

function check(files: readonly ComparedFile[]): number {
  const wrong = files.filter(({ state }) => state !== 'same')
  for (const { path, state, diff } of wrong) print(`${words[state]} ${path}\n${diff}`)
  if (wrong.length === 0) return print(`${files.length} files are up to date\n`)
  complain(`${wrong.length} of ${files.length} files are out of date: run tricube build`)
  return 1
}

async function write(files: readonly ComparedFile[], edited: 'keep edited' | 'overwrite edited'): Promise<number> {
  const kept = files.filter(({ state }) => state === 'edited' && edited === 'keep edited')
  for (const file of files) {
    if (file.state === 'same' || kept.includes(file)) continue
    await writeBuilt('.', file)
    print(`wrote ${file.path}\n`)
  }
  for (const { path, diff } of kept) print(`${words.edited} ${path}\n${diff}`)
  if (kept.length === 0) return 0
  complain(`${kept.map(({ path }) => path).join(', ')}: edited by hand, not overwritten; tricube build --force does`)
  return 1
}

const words = { same: 'same', new: 'missing', outdated: 'outdated', edited: 'edited' } as const
