/** Does what a Dockerfile of `tricube build` says, without Docker. */
import { spawnSync } from 'node:child_process'
import { cp, mkdir, readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { expect } from 'vitest'
import { folderOf } from './run.ts'

/** Returns a folder with the content of `/app` in the image of a project. npm gets packages from its files only. */
export async function imageOf(project: string): Promise<string> {
  const text = await readFile(join(project, 'Dockerfile'), 'utf8')
  const stages: Record<string, string> = {}
  let app = ''
  for (const [, word, rest] of text.split(/^FROM app AS /m)[0]!.matchAll(/^(FROM|COPY|RUN) (.+)$/gm)) {
    if (word === 'FROM') stages[rest!.split(' AS ')[1]!] = app = await folderOf({})
    if (word === 'COPY') await copy(rest!, project, stages, app)
    if (word === 'RUN') run(rest!.replace(/^--mount=\S+ /, ''), app)
  }
  return app
}

async function copy(line: string, project: string, stages: Record<string, string>, app: string): Promise<void> {
  const [, stage] = /^--from=(\S+) /.exec(line) ?? []
  const words = line.replace(/^--from=\S+ /, '').split(' ')
  const target = join(app, words.pop()!)
  for (const word of words) {
    const from = stage === undefined ? join(project, word) : word.replace(/^\/app/, stages[stage]!)
    const isFolder = basename(word) === '.' || stage !== undefined
    const ignored = (path: string): boolean => stage === undefined && basename(path) === 'node_modules' // .dockerignore
    await mkdir(dirname(target), { recursive: true })
    await cp(from, isFolder ? target : join(target, basename(from)), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !ignored(path),
    })
  }
}

/** Runs a command without a registry. */
export function run(command: string, cwd: string): void {
  const env = { ...process.env, npm_config_offline: 'true' }
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command], { cwd, env, encoding: 'utf8' })
  expect(status, `${command}\n${stdout}${stderr}`).toBe(0)
}
