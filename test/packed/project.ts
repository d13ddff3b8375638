/** A folder as a user has it: tricube from its tarball, the rest from the registry, and a space in the name. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { built } from '../built.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Project extends AsyncDisposable {
  readonly folder: string
  /** The package as it would be published, beside the folder. */
  readonly tarball: string
  write(files: Readonly<Record<string, string>>): Promise<void>
  /** Installs tricube and these packages, such as `esbuild` or `vitest@4`, in one go. */
  install(packages?: Packages): Promise<void>
  /** Installs a program beside the folder, as a user has it on the machine: lines find it by its name. */
  addProgram(name: string): Promise<void>
  /** What a line prints that a user types there; rejects with all of it when it fails. */
  shell(line: string, env?: NodeJS.ProcessEnv): Promise<string>
  /** Starts a line that runs until it is stopped; it ends with the project. */
  start(line: string, env?: NodeJS.ProcessEnv): Running
}

export interface Packages {
  /** What runs npm's lines: `npm` or `pnpm`. */
  readonly manager?: string
  readonly dependencies?: readonly string[]
  readonly devDependencies?: readonly string[]
}

export interface Running {
  /** What it has printed so far. */
  output(): string
  /** Rejects when it ends by itself. */
  readonly death: Promise<never>
  /** Ctrl-C, as the user does. */
  stop(): Promise<void>
}

/** Makes an empty project. */
export async function emptyProject(): Promise<Project> {
  const tarball = await (packed ??= pack())
  const outer = await mkdtemp(join(tmpdir(), 'tricube-packed-'))
  await chmod(outer, 0o755) // run as root, PostgreSQL's own user must get in
  const folder = join(outer, 'my project')
  await mkdir(folder)
  const running: Running[] = []
  const programs = join(outer, 'programs')
  const envOf = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => {
    const own: NodeJS.ProcessEnv = { ...ownEnv(), ...quickNpm, ...more }
    return { ...own, PATH: `${join(programs, 'node_modules/.bin')}${delimiter}${own['PATH']}` }
  }
  const write: Project['write'] = async (files) => {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), text)
    }
  }
  const shell: Project['shell'] = async (line, env) => {
    const options = { cwd: folder, env: envOf(env), maxBuffer: 16 * 1024 * 1024 }
    const { stdout: out, stderr } = await promisify(execFile)('sh', ['-c', line], options).catch((error: unknown) => {
      const { stdout: before, stderr: why } = error as { stdout: string; stderr: string }
      throw new Error(`${line}\n${before}${why}`, { cause: error })
    })
    return out + stderr
  }
  return {
    folder,
    tarball,
    write,
    shell,
    async install({ manager = 'npm', dependencies = [], devDependencies = [] } = {}) {
      const manifest = {
        name: 'my-project',
        version: '1.0.0',
        type: 'module',
        dependencies: { ...rangesOf(dependencies), tricube: `file:${tarball}` },
        devDependencies: rangesOf(devDependencies),
      }
      await write({ 'package.json': JSON.stringify(manifest, null, 2) })
      await shell(`${manager} install`)
    },
    async addProgram(name) {
      await promisify(execFile)('npm', ['install', '--prefix', programs, name], { env: envOf() })
    },
    start(line, env) {
      const child = spawn(line, {
        cwd: folder,
        env: envOf(env),
        shell: true,
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      const each = follow(line, child)
      running.push(each)
      return each
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(running.map((each) => each.stop()))
      await rm(outer, { recursive: true, force: true })
    },
  }
}

/** Where the tarball is: tests of files that share a process share it too. */
let packed: Promise<string> | undefined

async function pack(): Promise<string> {
  built('index.js')
  const folder = process.env['TRICUBE_TEST_FOLDER']!
  const line = ['pack', '--ignore-scripts', '--json', '--pack-destination', await mkdtemp(join(folder, 'packed-'))]
  const { stdout } = await promisify(execFile)('npm', line, { cwd: root, env: ownEnv() })
  const [{ filename }] = Object.values(JSON.parse(stdout) as Record<string, { filename: string }>) as [
    { filename: string },
  ]
  return join(line.at(-1)!, filename)
}

/** `vitest@4` as a member of package.json. */
function rangesOf(packages: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    packages.map((one) => {
      const at = one.indexOf('@', 1)
      return at < 0 ? [one, 'latest'] : [one.slice(0, at), one.slice(at + 1)]
    }),
  )
}

function follow(line: string, child: ChildProcess): Running {
  let output = ''
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  }
  const closed = once(child, 'close')
  const death = closed.then(([code]): never => {
    throw new Error(`${line} ended with ${code}:\n${output}`)
  })
  death.catch(() => {}) // at the end it is meant to
  return {
    output: () => output,
    death,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      process.kill(-child.pid!, 'SIGINT')
      await closed
    },
  }
}

/** What a test has no use for: it takes npm longer than the installation itself. */
const quickNpm = {
  npm_config_audit: 'false',
  npm_config_fund: 'false',
  npm_config_update_notifier: 'false',
  npm_config_prefer_offline: 'true',
}

/** The environment without what npm and vitest add to it for this run. */
function ownEnv(): NodeJS.ProcessEnv {
  const added =
    /^(npm_(package|lifecycle|config_local_prefix|command|execpath)|INIT_CWD$|NODE_ENV$|TRICUBE_|VITEST|HOST$|PORT$|DATABASE_URL$)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !added.test(name)))
}
