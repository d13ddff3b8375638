import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'

const script = fileURLToPath(new URL('../../scripts/release.mjs', import.meta.url))
const changelog =
  '# Changelog\n\n## [Unreleased]\n\n### Added\n\n- A thing.\n\n## [1.2.3] - 2026-01-02\n\n- An old thing.\n'

/** A repository with both packages. */
async function repository({ other = '1.2.3' } = {}): Promise<Repository> {
  const version = '1.2.3'
  const folder = await mkdtemp(join(tmpdir(), 'tricube-release-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const run = (program: string, ...args: string[]) => promisify(execFile)(program, args, { cwd: folder, env })
  await mkdir(join(folder, 'packages/create-tricube'), { recursive: true })
  for (const [file, value] of Object.entries({
    'package.json': { name: 'tricube', version },
    'packages/create-tricube/package.json': { name: 'create-tricube', version: other },
    'package-lock.json': { version, packages: { '': { version } } },
  })) {
    await writeFile(join(folder, file), JSON.stringify(value))
  }
  await writeFile(join(folder, 'CHANGELOG.md'), changelog)
  await run('git', 'init', '--quiet')
  await run('git', 'add', '.')
  await run('git', 'commit', '--quiet', '--message', 'Begin')
  return {
    folder,
    release: (...args) => run(process.execPath, script, ...args),
    git: async (...args) => (await run('git', ...args)).stdout.trim(),
  }
}

interface Repository {
  readonly folder: string
  release(...args: string[]): Promise<{ stdout: string }>
  git(...args: string[]): Promise<string>
}

const identity = { NAME: 'a', EMAIL: 'a@example.com' }
const env: NodeJS.ProcessEnv = {
  PATH: process.env['PATH'],
  ...Object.fromEntries(
    Object.entries(identity).flatMap(([key, value]) => [
      [`GIT_AUTHOR_${key}`, value],
      [`GIT_COMMITTER_${key}`, value],
    ]),
  ),
}

// oxlint-disable typescript/unbound-method -- functions that use no `this`
it('sets the next version in both packages, dates the changelog and tags the commit', async () => {
  const { folder, release, git } = await repository()
  await release('minor')
  for (const file of ['package.json', 'packages/create-tricube/package.json', 'package-lock.json']) {
    expect(JSON.parse(await readFile(join(folder, file), 'utf8'))).toMatchObject({ version: '1.3.0' })
  }
  const today = new Date().toISOString().slice(0, 10)
  expect(await readFile(join(folder, 'CHANGELOG.md'), 'utf8')).toContain(
    `## [Unreleased]\n\n## [1.3.0] - ${today}\n\n### Added\n\n- A thing.\n`,
  )
  expect(await git('log', '-1', '--format=%s %D')).toMatch(/^Release 1\.3\.0 .*tag: v1\.3\.0/)
  expect(await git('status', '--porcelain')).toBe('')
  expect((await release('notes')).stdout).toBe('### Added\n\n- A thing.\n')
  await release('check')
  await expect(release('patch')).rejects.toThrow('nothing under Unreleased')
})

it.each([
  ['major', '2.0.0'],
  ['patch', '1.2.4'],
])('a %s release of 1.2.3 is %s', async (step, version) => {
  const { release, git } = await repository()
  await release(step)
  expect(await git('tag')).toBe(`v${version}`)
})

it('rejects packages of different versions, another tag, and changes that are not committed', async () => {
  const torn = await repository({ other: '1.2.2' })
  await expect(torn.release('check')).rejects.toThrow('create-tricube/package.json has version 1.2.2, expected 1.2.3')
  const { folder, release } = await repository()
  Object.assign(env, { GITHUB_REF_TYPE: 'tag', GITHUB_REF_NAME: 'v1.2.4' })
  onTestFinished(() => void Object.assign(env, { GITHUB_REF_TYPE: undefined }))
  await expect(release('check')).rejects.toThrow('the tag is v1.2.4, expected v1.2.3')
  await writeFile(join(folder, 'new.txt'), '')
  await expect(release('minor')).rejects.toThrow('commit your changes first')
  await expect(release('now')).rejects.toThrow('expected check, notes, major, minor, patch, got "now"')
})
