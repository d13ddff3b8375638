/** A real Consul agent, when there is a `consul` on the PATH or named by TRICUBE_TEST_CONSUL. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished, vi } from 'vitest'
import { freePort } from '../../src/postgres/free-port.ts'

const onPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'consul'))

/** Its path; undefined when there is none, which is said loudly. */
export const consulBinary: string | undefined =
  process.env['TRICUBE_TEST_CONSUL'] || onPath.find((file) => existsSync(file))

if (!consulBinary) {
  process.stderr.write(`
!!! The tests against a real Consul are SKIPPED: no \`consul\` is on the PATH and TRICUBE_TEST_CONSUL names none.
!!! \`TRICUBE_TEST_CONSUL=$(node scripts/consul.mjs) npm test\` runs them with Debian's package.

`)
}

/** A running agent in development mode: it is its own server, and keeps everything in memory. */
export interface RealConsul {
  readonly url: string
  /** The Unix socket on which it also listens. */
  readonly socket: string
  request(method: string, path: string, body?: string): Promise<unknown>
  stop(): Promise<void>
  /** Starts it again, empty, at the same URL. */
  start(): Promise<void>
}

/** Starts an agent on 127.0.0.1, stopped when the test ends; `config` is merged over the one that it needs. */
export async function realConsul(
  config: { readonly ports?: object; readonly [setting: string]: unknown } = {},
): Promise<RealConsul> {
  const folder = await mkdtemp(join(tmpdir(), 'tricube-consul-'))
  const [http, server, lan, wan] = await Promise.all([freePort(), freePort(), freePort(), freePort()])
  const socket = join(folder, 'http.sock')
  const ports = { http, server, serf_lan: lan, serf_wan: wan, dns: -1, grpc: -1, ...config.ports }
  const addresses = { http: `127.0.0.1 unix://${socket}` }
  const file = join(folder, 'consul.json')
  const own = { bind_addr: '127.0.0.1', disable_update_check: true, addresses }
  await writeFile(file, JSON.stringify({ ...own, ...config, ports }))
  let child: ChildProcess | undefined

  const consul: RealConsul = {
    url: `http://127.0.0.1:${http}`,
    socket,
    async request(method, path, body) {
      const response = await fetch(`${consul.url}${path}`, { method, ...(body && { body }) })
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
      return response.json().catch(() => undefined)
    },
    async stop() {
      child?.kill('SIGKILL')
      if (child?.exitCode === null && child.signalCode === null) await once(child, 'exit')
      child = undefined
    },
    async start() {
      child = spawn(consulBinary!, ['agent', '-dev', '-config-file', file], { stdio: 'ignore' })
      await vi.waitFor(async () => {
        const leader = await fetch(`${consul.url}/v1/status/leader`).then((response) => response.json())
        if (!leader) throw new Error('no leader yet')
      }, 20_000)
    },
  }
  onTestFinished(async () => {
    await consul.stop()
    await rm(folder, { recursive: true, force: true })
  })
  await consul.start()
  return consul
}

/** Makes an authority and a server's certificate in a folder, by Consul's own tool; gives the files. */
export async function certificates(): Promise<{ ca: string; cert: string; key: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'tricube-tls-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const run = (...args: string[]) => promisify(execFile)(consulBinary!, ['tls', ...args], { cwd: folder })
  await run('ca', 'create')
  await run('cert', 'create', '-server', '-dc', 'dc1')
  const file = (name: string): string => join(folder, name)
  return {
    ca: file('consul-agent-ca.pem'),
    cert: file('dc1-server-consul-0.pem'),
    key: file('dc1-server-consul-0-key.pem'),
  }
}
