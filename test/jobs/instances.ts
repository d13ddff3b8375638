/** Starts instances of a service as processes. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const repository = fileURLToPath(new URL('../../', import.meta.url))

/** A process that runs jobs. */
export interface Instance {
  readonly pid: number
  readonly url: string
  /** What it has printed. */
  readonly lines: readonly string[]
  signal(name: NodeJS.Signals): void
  readonly ended: Promise<unknown>
}

/** Bundles a file that prints `listening` and its URL; `start` runs it. */
export async function bundle(
  entry: URL,
): Promise<{ start(env: NodeJS.ProcessEnv): Promise<Instance> } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'tricube-jobs-'))
  await symlink(join(repository, 'node_modules'), join(folder, 'node_modules'))
  const built = process.env['TRICUBE_TEST_PACKAGE']
  await build({
    absWorkingDir: repository,
    entryPoints: [fileURLToPath(entry)],
    outfile: join(folder, 'instance.mjs'),
    bundle: true,
    packages: 'external',
    alias: { tricube: built ? join(built, 'index.js') : join(repository, 'src/index.ts') },
    format: 'esm',
    platform: 'node',
    define: { TRICUBE_VERSION: '"0.0.0"' },
    logLevel: 'error',
  })
  const started = new Set<Instance>()
  return {
    async start(env) {
      const instance = await startIn(folder, env)
      started.add(instance)
      return instance
    },
    async [Symbol.asyncDispose]() {
      for (const instance of started) instance.signal('SIGKILL')
      await Promise.all([...started].map(({ ended }) => ended))
      await rm(folder, { recursive: true })
    },
  }
}

async function startIn(cwd: string, env: NodeJS.ProcessEnv): Promise<Instance> {
  const child = spawn(process.execPath, ['instance.mjs'], {
    cwd,
    env: { PATH: process.env['PATH'], LOG_LEVEL: 'error', TRICUBE_DISCOVERY: 'none', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  const lines: string[] = []
  const listening = new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      lines.push(line)
      if (line.startsWith('listening ')) resolve(line.slice('listening '.length))
    })
    void ended.then(() => reject(new Error('it ended before it listened')))
  })
  return { pid: child.pid!, url: await listening, lines, signal: (name) => void child.kill(name), ended }
}
