/** What holds of every Consul: the fake one, over HTTP, and the real one when there is one. */
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { consulRegistry, consulValues, type ConsulOptions, type Instance } from 'tricube/discovery'
import { fakeConsul } from 'tricube/testing'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { authority } from '../http/certificates.ts'
import { freePort } from '../../src/postgres/free-port.ts'
import { certificates, consulBinary, realConsul } from './realConsul.ts'

interface Agent {
  readonly url: string
  request(method: string, path: string, body?: string): Promise<unknown>
  /** Restarts it without anything that it knew. */
  restartEmpty(): Promise<void>
}

async function fake(): Promise<Agent> {
  const consul = await fakeConsul()
  onTestFinished(() => consul[Symbol.asyncDispose]())
  return {
    url: consul.url,
    async request(method, path, body) {
      const response = await fetch(`${consul.url}${path}`, { method, ...(body && { body }) })
      return response.json().catch(() => undefined)
    },
    async restartEmpty() {
      await consul.stop()
      consul.forget()
      await consul.start()
    },
  }
}

async function real(): Promise<Agent> {
  const consul = await realConsul()
  return {
    url: consul.url,
    request: (...args) => consul.request(...args),
    async restartEmpty() {
      await consul.stop()
      await consul.start()
    },
  }
}

const ttlMs = 2000
const patience = { timeout: 30_000, interval: 20 }

/** Registers an instance of role-service until the test ends. */
async function register(agent: { url: string }, fields: Partial<Instance> = {}, options: ConsulOptions = {}) {
  const state = { ready: true }
  const instance = { id: 'role-1', service: 'role-service', address: '127.0.0.1', port: 8020, ...fields }
  const registry = consulRegistry({ address: agent.url, ttlMs, ...options })
  const leave = await registry.register(instance, async () => state.ready)
  onTestFinished(leave)
  return { instance, leave, state }
}

/** What a caller sees of a service, until the test ends. */
function watch(agent: { url: string }, service = 'role-service', options: ConsulOptions = {}) {
  const seen: (readonly Instance[])[] = []
  onTestFinished(
    consulRegistry({ address: agent.url, ttlMs, ...options }).watch(service, (instances) => seen.push(instances)),
  )
  const ids = () => seen.at(-1)?.map(({ id }) => id)
  const becomes = (expected: string[]) => vi.waitFor(() => expect(ids()).toEqual(expected), patience)
  return { seen, becomes }
}

describe.each([
  { name: 'a fake Consul', start: fake, skipped: false },
  { name: 'a real Consul', start: real, skipped: !consulBinary },
])('$name', { timeout: 60_000 }, ({ start, skipped }) => {
  it.skipIf(skipped)('returns an instance with all of its fields until it leaves', async () => {
    const agent = await start()
    const fields = {
      id: 'role-service@[::1]:8020/ä',
      secure: true,
      region: 'sichuan',
      zone: 'sichuan-a',
      version: '1.2.3',
      weight: 0.5,
      meta: { team: 'users' },
    }
    const { instance, leave } = await register(agent, fields, { tags: ['blue'] })
    const { seen, becomes } = watch(agent)
    await becomes([instance.id])
    expect(seen).toEqual([[instance]])
    const services = (await agent.request('GET', '/v1/health/service/role-service')) as {
      Service: { Tags: string[] }
    }[]
    expect(services[0]!.Service.Tags).toEqual(['blue'])
    await leave()
    expect(await agent.request('GET', '/v1/health/service/role-service')).toEqual([])
  })

  it.skipIf(skipped)('notifies about an instance that comes later', async () => {
    const agent = await start()
    const { becomes } = watch(agent)
    await becomes([])
    await register(agent)
    await becomes(['role-1'])
  })

  it.skipIf(skipped)('leaves out an instance that is not ready', async () => {
    const agent = await start()
    const { state } = await register(agent)
    await register(agent, { id: 'role-2', port: 8021 })
    const { becomes } = watch(agent)
    await becomes(['role-1', 'role-2'])
    state.ready = false
    await becomes(['role-2'])
  })

  it.skipIf(skipped)('registers an instance again that the agent lost, within its time to live', async () => {
    const agent = await start()
    await register(agent)
    await register(agent, { id: 'role-2', port: 8021 }, { check: 'http' })
    await agent.request('PUT', '/v1/agent/service/deregister/role-1')
    await agent.request('PUT', '/v1/agent/service/deregister/role-2')
    const from = performance.now()
    await vi.waitFor(async () => {
      const found = await agent.request('GET', '/v1/health/service/role-service?passing=true')
      expect(found).toHaveLength(2)
    }, patience)
    expect(performance.now() - from).toBeLessThan(ttlMs)
  })

  it.skipIf(skipped)(
    'has all instances within one time to live after an empty restart, and callers keep all',
    async () => {
      const agent = await start()
      await register(agent, { id: 'a' })
      await register(agent, { id: 'b', port: 8021 })
      const { seen, becomes } = watch(agent, 'role-service', { ttlMs: 15_000 })
      await becomes(['a', 'b'])
      await agent.restartEmpty()
      const from = performance.now()
      await vi.waitFor(async () => {
        const found = await agent.request('GET', '/v1/health/service/role-service?passing=true')
        expect(found).toHaveLength(2)
      }, patience)
      expect(performance.now() - from).toBeLessThan(ttlMs)
      expect(seen).toHaveLength(1)
    },
  )

  it.skipIf(skipped)('finds the address of an instance that listens on every interface', async () => {
    const agent = await start()
    await register(agent, { address: '0.0.0.0' })
    const { seen, becomes } = watch(agent)
    await becomes(['role-1'])
    expect(seen[0]![0]).toMatchObject({ address: '127.0.0.1', port: 8020 })
  })

  it.skipIf(skipped)('notifies about changing values', async () => {
    const agent = await start()
    const seen: (string | undefined)[] = []
    const values = consulValues({ address: agent.url })
    onTestFinished(values.watch('user-service/greeting ä', (value) => seen.push(value)))
    await vi.waitFor(() => expect(seen).toEqual([undefined]), patience)
    const path = '/v1/kv/user-service/greeting%20%C3%A4'
    await agent.request('PUT', path, 'Hello 你好')
    await vi.waitFor(() => expect(seen.at(-1)).toBe('Hello 你好'), patience)
    await agent.request('PUT', path, '{"text":"Hi"}')
    await vi.waitFor(() => expect(seen).toEqual([undefined, 'Hello 你好', '{"text":"Hi"}']), patience)
  })
})

describe.skipIf(!consulBinary)('a real Consul', { timeout: 60_000 }, () => {
  it.each(['HTTP', 'HTTPS'])('checks the readiness of an instance by %s', async (protocol) => {
    const agent = await realConsul()
    const secure = protocol === 'HTTPS'
    const { cert, key } = authority().sign('role-service')
    let status = 200
    let requests = 0
    const respond = (request: IncomingMessage, response: ServerResponse): void => {
      requests += 1
      response.writeHead(request.url === '/health/ready' ? status : 404).end()
    }
    const server = secure
      ? createSecureServer({ cert: readFileSync(cert), key: readFileSync(key) }, respond)
      : createServer(respond)
    const port = await listen(server)
    await register(agent, { port, secure }, { check: 'http' })
    await register(agent, { id: 'role-2' })
    const { becomes } = watch(agent)
    await becomes(['role-1', 'role-2'])
    await vi.waitFor(() => expect(requests).toBeGreaterThan(0), patience)
    status = 503
    await becomes(['role-2'])
  })

  it('accepts the configured token', async () => {
    const token = '5d1ec6d5-8b5b-4d5c-9b0c-3f7a8c9e2b11'
    const agent = await realConsul({
      acl: { enabled: true, default_policy: 'deny', tokens: { master: token, agent: token } },
    })
    const warnings: object[] = []
    const log = { warn: (...args: unknown[]) => warnings.push(args), info() {}, error() {} } as never
    await register(agent, {}, { log })
    await register(agent, {}, { log, token: 'a-wrong-one' })
    const rejected = [{ err: { name: 'ConsulError', status: 403 } }, /cannot be registered/]
    expect(warnings).toMatchObject([rejected, rejected])
    expect(inspect(warnings, { depth: Infinity })).not.toContain('a-wrong-one')
    await vi.waitFor(async () => register(agent, { id: 'role-2' }, { token }), patience)
    const { becomes } = watch(agent, 'role-service', { token })
    await becomes(['role-2'])
  })

  it('works over TLS with a client certificate', async () => {
    const { ca: caFile, cert: certFile, key: keyFile } = await certificates()
    const https = await freePort()
    await realConsul({
      ports: { https },
      ...{ ca_file: caFile, cert_file: certFile, key_file: keyFile, verify_incoming_https: true },
    })
    const agent = { url: `https://127.0.0.1:${https}` }
    const tls = { caFile, certFile, keyFile, serverName: 'server.dc1.consul' }
    await register(agent, {}, { tls })
    const trusting = watch(agent, 'role-service', { tls })
    await trusting.becomes(['role-1'])

    const warnings: unknown[] = []
    const log = { warn: ({ err }: { err: NodeJS.ErrnoException }) => warnings.push(err.code) } as never
    await register(agent, { id: 'role-2' }, { tls: { ...tls, caFile: undefined }, log })
    await register(agent, { id: 'role-3' }, { tls: { ...tls, serverName: 'server.dc2.consul' }, log })
    await register(agent, { id: 'role-4' }, { tls: { caFile, serverName: 'server.dc1.consul' }, log })
    expect(warnings.slice(0, 2)).toEqual(['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'ERR_TLS_CERT_ALTNAME_INVALID'])
    expect(warnings).toHaveLength(3)
  })

  it('works over a Unix socket', async () => {
    const { socket } = await realConsul()
    await register({ url: `unix://${socket}` })
    const { becomes } = watch({ url: `unix://${socket}` })
    await becomes(['role-1'])
  })

  it('reports an unknown datacenter', async () => {
    const agent = await realConsul()
    const { seen } = watch(agent, 'role-service', { datacenter: 'dc2' })
    const own = watch(agent, 'role-service', { datacenter: 'dc1' })
    await own.becomes([])
    expect(seen).toEqual([])
  })
})

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}
