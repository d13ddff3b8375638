/** Who may ask the dashboard, and for what. */
import { createServer, request } from 'node:http'
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { emptyFolder, open, steerable, zipkin } from './open.ts'

/** A request with any headers: `fetch` sets Host, Origin and Sec-Fetch-Site itself. */
function raw(url: string, headers: Record<string, string>, method = 'GET'): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url, { method, headers }, (response) => {
      response.resume()
      resolve(response.statusCode!)
    })
      .once('error', reject)
      .end()
  })
}

it('shows nothing without the token, and gives the cookie for it', async () => {
  const { origin, url, ask } = await open()
  expect((await fetch(origin)).status).toBe(401)
  expect((await fetch(`${origin}/?token=wrong`)).status).toBe(401)
  for (const path of ['/api/state', '/api/traces', '/api/traces/1', '/api/logs', '/api/stream']) {
    expect([path, (await fetch(origin + path)).status]).toEqual([path, 401])
  }
  const response = await fetch(url)
  expect(response.status).toBe(200)
  const cookie = response.headers.get('set-cookie')!
  expect(cookie).toContain('HttpOnly')
  expect(cookie).toContain('SameSite=Strict')
  expect((await fetch(`${origin}/api/state`, { headers: { cookie: cookie.split(';')[0]! } })).status).toBe(200)
  expect(
    (await ask('/api/state', { headers: { cookie: `tricube-dashboard-1=${new URL(url).searchParams.get('token')}` } }))
      .status,
  ).toBe(401)
})

// https://en.wikipedia.org/wiki/DNS_rebinding
it.each(['evil.example', 'evil.example:8000', 'localhost.evil.example', '127.0.0.1.evil.example', '[::2]', 'a b'])(
  'rejects the host %j, even with the token',
  async (host) => {
    const { origin, url, token } = await open()
    const cookie = `tricube-dashboard-${new URL(url).port}=${token}`
    for (const path of ['/', `/?token=${token}`, '/assets/main.js', '/api/state']) {
      expect([path, await raw(origin + path, { host, cookie })]).toEqual([
        path,
        expect.toSatisfy((status) => status === 403 || status === 400),
      ])
    }
  },
)

it.each(['localhost', '127.0.0.1', '[::1]', 'LOCALHOST:1', 'my-space.example.dev'])(
  'accepts the host %s',
  async (host) => {
    const { origin, token } = await open({ hosts: ['my-space.example.dev'] })
    expect(await raw(`${origin}/?token=${token}`, { host })).toBe(200)
  },
)

it('rejects other pages: of other sites, and at other ports of this machine', async () => {
  const { origin, url, token } = await open({ services: () => [steerable('user-service')] })
  const { port, host } = new URL(url)
  const cookie = `tricube-dashboard-${port}=${token}`
  const of = (headers: Record<string, string>) =>
    Promise.all([
      raw(`${origin}/api/state`, { cookie, ...headers }),
      raw(`${origin}/api/services/user-service/stop`, { cookie, 'x-tricube-dashboard': '1', ...headers }, 'POST'),
    ])
  expect(await of({ origin: 'http://evil.example' })).toEqual([403, 403])
  expect(await of({ origin: 'http://127.0.0.1:1' })).toEqual([403, 403])
  expect(await of({ origin: 'null' })).toEqual([403, 403])
  expect(await of({ 'sec-fetch-site': 'cross-site' })).toEqual([403, 403])
  expect(await of({ 'sec-fetch-site': 'same-site' })).toEqual([403, 403])
  expect(await of({ origin: `http://${host}`, 'sec-fetch-site': 'same-origin' })).toEqual([200, 200])
})

it('changes something only by POST, with the header and the cookie', async () => {
  const service = steerable('user-service')
  const stop = vi.spyOn(service, 'stop')
  const { origin, ask, change, json } = await open({ services: () => [service] })
  const path = '/api/services/user-service/stop'
  expect((await ask(path)).status).toBe(405)
  expect((await ask(path, { method: 'POST' })).status).toBe(403)
  expect((await fetch(origin + path, { method: 'POST', headers: { 'x-tricube-dashboard': '1' } })).status).toBe(401)
  expect((await ask('/api/clear/traces')).status).toBe(405)
  expect((await ask('/api/clear/logs', { method: 'POST' })).status).toBe(403)
  expect(stop).not.toHaveBeenCalled()
  expect((await change(path)).status).toBe(200)
  expect(stop).toHaveBeenCalledOnce()
  expect((await json('/api/state')).services[0]).toMatchObject({ name: 'user-service', status: 'stopped' })
  expect((await change('/api/services/user-service/start')).status).toBe(200)
  expect((await change('/api/services/user-service/explode')).status).toBe(404)
  expect((await change('/api/services/nobody/stop')).status).toBe(404)
})

it('never allows other pages to read it', async () => {
  const { origin, url, ask } = await open()
  for (const response of [
    await fetch(url),
    await ask('/api/state'),
    await fetch(`${origin}/assets/main.js`),
    await fetch(`${origin}/nothing`),
  ]) {
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
    expect(response.headers.get('content-security-policy')).toContain("default-src 'self'")
    expect(response.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('cross-origin-resource-policy')).toBe('same-origin')
  }
  expect((await fetch(`${origin}/api/state`, { method: 'OPTIONS' })).status).toBe(405)
  expect((await fetch(`${origin}/assets/..%2f..%2fpackage.json`)).status).toBe(404)
  expect((await fetch(`${origin}/assets/LICENSE-preact`)).status).toBe(404)
})

it('takes the next port when its port is taken, and leaves those of services free', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  onTestFinished(() => void taken.close())
  const { port } = taken.address() as AddressInfo
  const { url } = await open({ port, reservedPorts: new Set([port + 1]) })
  expect(Number(new URL(url).port)).toBeGreaterThan(port + 1)
  expect(new URL(url).hostname).toBe('127.0.0.1')
})

it('keeps its token over a restart, readable by its user alone', async () => {
  const folder = await emptyFolder()
  const first = await open({ folder })
  await first.close()
  expect((await open({ folder })).token).toBe(first.token)
  expect((await stat(join(folder, 'dashboard', 'token'))).mode & 0o777).toBe(0o600)
  expect((await open()).token).not.toBe(first.token)
})

it('opens in production only with a token of the user', async () => {
  vi.stubEnv('NODE_ENV', 'production')
  onTestFinished(() => void vi.unstubAllEnvs())
  await expect(open()).rejects.toThrow('NODE_ENV is production; set TRICUBE_DASHBOARD_TOKEN')
  await expect(open({ token: 'short' })).rejects.toThrow('at least 16 characters, got 5')
  await expect(open({ token: 'with;semicolon-and-more' })).rejects.toThrow('only letters')
  const { origin } = await open({ token: 'a-secret-of-the-user' })
  expect((await fetch(`${origin}/?token=a-secret-of-the-user`)).status).toBe(200)
})

it('streams changes in at most four batches a second, and bounds each', async () => {
  const dashboard = await open({ services: () => [steerable('user-service')] })
  const abort = new AbortController()
  onTestFinished(() => abort.abort())
  const response = await dashboard.ask('/api/stream?topics=logs,traces,services', { signal: abort.signal })
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  const batches: { at: number; batch: any }[] = []
  const reading = (async () => {
    let text = ''
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk
      const events = text.split('\n\n')
      text = events.pop()!
      for (const event of events) {
        if (event.startsWith('data: ')) batches.push({ at: performance.now(), batch: JSON.parse(event.slice(6)) })
      }
    }
  })().catch(() => {})
  await expect.poll(() => batches.length).toBeGreaterThan(0)
  for (let i = 0; i < 2000; i++) dashboard.addLine('user-service', `line ${i}`)
  dashboard.addZipkin([zipkin({ name: 'streamed' })])
  await expect.poll(() => batches.some(({ batch }) => batch.logs?.at(-1).message === 'line 1999')).toBe(true)
  const withLogs = batches.filter(({ batch }) => batch.logs)
  expect(Math.max(...withLogs.map(({ batch }) => batch.logs.length))).toBeLessThanOrEqual(250)
  expect(withLogs.reduce((sum, { batch }) => sum + batch.logs.length + (batch.skippedLogs ?? 0), 0)).toBe(2000)
  await expect.poll(() => batches.some(({ batch }) => batch.traces?.[0].name === 'streamed')).toBe(true)
  await expect.poll(() => batches.filter(({ batch }) => batch.services).length).toBeGreaterThan(1)
  const seconds = (batches.at(-1)!.at - batches[0]!.at) / 1000
  expect(batches.length).toBeLessThanOrEqual(4 * seconds + 2)
  abort.abort()
  await reading
})
