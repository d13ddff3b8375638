import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { built } from './built.ts'
import { parseQuickStart, requestOf } from './repository/quickStart.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const readmes = ['README.md', 'README.zh-CN.md'].filter((name) => existsSync(join(root, name)))

const pages = readdirSync(join(root, 'docs')).flatMap((name) => (name.endsWith('.md') ? `docs/${name}` : []))

/** A command that runs until it is stopped. */
interface Background {
  readonly child: ChildProcess
  readonly death: Promise<never>
}

let tarball: string
let contents: string[]
let bytes: number
const folders: string[] = []
const background: Background[] = []

beforeAll(async () => {
  built('index.js')
  const { stdout } = await shell(`npm pack --ignore-scripts --json --pack-destination ${await emptyFolder()}`, root)
  const [{ filename, files, size }] = Object.values<any>(JSON.parse(stdout))
  tarball = join(folders[0]!, filename)
  contents = files.map(({ path }: { path: string }) => path)
  bytes = size
})

afterAll(async () => {
  await Promise.all(background.map(stop))
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })))
})

describe('the package', () => {
  it('holds what is built and what is read, nothing else', () => {
    expect(contents.filter((path) => !/^dist\/.+\.(js|d\.ts)$/.test(path)).sort()).toEqual(
      [
        'CHANGELOG.md',
        'LICENSE',
        'dist/LICENSE-typebox',
        'dist/dashboard/page/LICENSE-preact',
        'dist/dashboard/page/icon.svg',
        'dist/dashboard/page/index.html',
        'dist/dashboard/page/main.css',
        'dist/grafana/tricube.json',
        'dist/swagger-ui/LICENSE',
        'dist/swagger-ui/swagger-ui.css',
        'package.json',
        ...pages,
        ...readmes,
      ].sort(),
    )
  })

  it('is downloaded in a moment: raise the bound only for what every user needs', () => {
    expect(bytes).toBeLessThan(1_600_000)
  })

  it("runs the README's quick start from an empty folder", { timeout: 240_000 }, async () => {
    const port = await freePort()
    const quickStart = parseQuickStart(await readFile(join(root, 'README.md'), 'utf8'), () => port)
    expect(quickStart.files.length, 'the quick start has files to write').toBeGreaterThan(0)
    const folder = await emptyFolder()
    for (const [path, text] of quickStart.files) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), text)
    }
    let compared = 0
    for (const { line, output } of quickStart.commands) {
      if (line.startsWith('curl ')) {
        const text = await responseTo(line)
        if (output === undefined) continue
        expect(parsed(text), line).toEqual(parsed(output))
        compared += 1
      } else if (/\btricube (dev|start)\b|\bnpm start\b/.test(line)) background.push(start(line, folder))
      else await shell(installing(line), folder)
    }
    expect(compared, 'the quick start shows output').toBeGreaterThan(0)
    for (const path of ['/openapi/spec.json', '/docs', '/docs/swagger-ui-bundle.js', '/docs/swagger-ui.css']) {
      expect([path, (await fetch(`http://localhost:${port}${path}`)).status]).toEqual([path, 200])
    }
  })
})

/** Takes tricube from the tarball, and the rest from npm's cache where it can. */
function installing(line: string): string {
  if (!/^npm (install|i) /.test(line)) return line
  return `${line.replace(/(?<= )tricube(?= |$)/, tarball)} --prefer-offline --no-audit --no-fund`
}

/** Asks until the server is there, or is no more. */
async function responseTo(line: string): Promise<string> {
  const { url, init } = requestOf(line)
  const arrived = vi.waitFor(() => fetch(url, init), { timeout: 60_000, interval: 100 })
  const response = await Promise.race([arrived, ...background.map(({ death }) => death)])
  return response.text()
}

function start(line: string, cwd: string): Background {
  const child = spawn(line, { cwd, env: ownEnv(), shell: true, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const output: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk))
  const death = once(child, 'close').then(([code]): never => {
    throw new Error(`${line} ended with ${code}:\n${Buffer.concat(output).toString()}`)
  })
  death.catch(() => {}) // at the end it is meant to
  return { child, death }
}

/** Ctrl-C, as the reader does. */
async function stop({ child }: Background): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return
  const closed = once(child, 'close')
  process.kill(-child.pid, 'SIGINT')
  await closed
}

async function shell(line: string, cwd: string): Promise<{ stdout: string }> {
  return promisify(execFile)('sh', ['-c', line], { cwd, env: ownEnv(), maxBuffer: 16 * 1024 * 1024 })
}

/** The environment without what npm and vitest add to it for this run. */
function ownEnv(): NodeJS.ProcessEnv {
  const added =
    /^(npm_(package|lifecycle|config_local_prefix|command|execpath)|INIT_CWD$|NODE_ENV$|TRICUBE_|VITEST|HOST$|PORT$|DATABASE_URL$)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !added.test(name)))
}

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tricube-pack-'))
  folders.push(folder)
  return folder
}

async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return String(port)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text.trim()
  }
}
