/** The issuer of `tricube dev`: a login with PKCE, from an app and in a real Chromium, and what it rejects. */
import { createHash, randomBytes } from 'node:crypto'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { contract, service, t } from 'tricube'
import { jwt } from 'tricube/auth'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { devIssuer } from '../../src/devIssuer/devIssuer.ts'
import { chromiumBinary, openPage } from '../dashboard/browser.ts'

const notes = contract(
  'note-service',
  { me: { route: 'GET /me', scopes: ['a'], returns: t.Unknown() } },
  { auth: 'user' },
)

async function start() {
  const issuer = await devIssuer({ audience: () => ['note-service'] })
  onTestFinished(() => issuer.stop())
  const app = service(notes, {
    log: { level: 'silent' },
    auth: { user: jwt({ issuer: issuer.url }) },
    handlers: { me: ({ user: { id, scopes, tenant } }) => ({ id, scopes, tenant }) },
  })
  onTestFinished(() => app.close())
  const { url } = await app.listen()
  const me = async (token: string) => {
    const response = await fetch(`${url}/me`, { headers: { authorization: `Bearer ${token}` } })
    return [response.status, ((await response.json()) as { data?: unknown }).data]
  }
  return { issuer, me }
}

const verifier = randomBytes(32).toString('base64url')
const challenge = createHash('sha256').update(verifier).digest('base64url')
const redirect = 'http://127.0.0.1:5173/callback'
const wanted = {
  response_type: 'code',
  client_id: 'app',
  redirect_uri: redirect,
  scope: 'openid a',
  state: 's',
  nonce: 'n',
  code_challenge: challenge,
  code_challenge_method: 'S256',
}
const form = (values: Record<string, string>) => new URLSearchParams(values)

const login = (url: string, values: Record<string, string> = {}, origin = url) =>
  fetch(`${url}/authorize`, {
    method: 'POST',
    body: form({ ...wanted, user: '7', ...values }),
    headers: { origin },
    redirect: 'manual',
  })
const codeOf = (response: Response) => new URL(response.headers.get('location')!).searchParams.get('code')!
const redeem = async (url: string, values: Record<string, string>) => {
  const body = form({
    grant_type: 'authorization_code',
    client_id: 'app',
    redirect_uri: redirect,
    code_verifier: verifier,
    ...values,
  })
  const response = await fetch(`${url}/token`, { method: 'POST', body })
  return { status: response.status, body: (await response.json()) as Record<string, string> }
}

describe('the issuer of tricube dev', () => {
  it('logs anyone in by a code and PKCE, and services accept the access token, but not the ID token', async () => {
    const { issuer, me } = await start()
    const response = await login(issuer.url, { tenant: 'shop' })
    const back = new URL(response.headers.get('location')!)
    expect([
      response.status,
      back.origin + back.pathname,
      back.searchParams.get('state'),
      back.searchParams.get('iss'),
    ]).toEqual([303, redirect, 's', issuer.url])
    const { body } = await redeem(issuer.url, { code: codeOf(response) })
    expect(body).toMatchObject({ token_type: 'Bearer', scope: 'openid a' })
    expect(await me(body['access_token']!)).toEqual([200, { id: '7', scopes: ['openid', 'a'], tenant: 'shop' }])
    expect((await me(body['id_token']!))[0]).toBe(401)
  })

  it('signs tokens for a test, and shows a browser app how to find its endpoints', async () => {
    const { issuer, me } = await start()
    expect(await me(await issuer.token({ user: '9', scopes: ['a'] }))).toEqual([200, { id: '9', scopes: ['a'] }])
    const discovery = await fetch(`${issuer.url}/.well-known/openid-configuration`, {
      headers: { origin: 'http://localhost:5173' },
    })
    expect(discovery.headers.get('access-control-allow-origin')).toBe('http://localhost:5173')
    expect(await discovery.json()).toMatchObject({ issuer: issuer.url, code_challenge_methods_supported: ['S256'] })
    const foreign = await fetch(`${issuer.url}/jwks`, { headers: { origin: 'https://evil.example' } })
    expect(foreign.headers.get('access-control-allow-origin')).toBeNull()
  })

  it.each([
    ['no PKCE', { code_challenge: '' }],
    ['plain PKCE', { code_challenge_method: 'plain' }],
    ['another host to return to', { redirect_uri: 'https://evil.example/callback' }],
    ['a host to return to that looks like this machine', { redirect_uri: 'http://127.0.0.1.evil.example/' }],
    ['a user and this machine in the URL to return to', { redirect_uri: 'http://127.0.0.1@evil.example/' }],
    ['a script to return to', { redirect_uri: 'javascript:alert(1)' }],
    ['another flow', { response_type: 'token' }],
    ['no client', { client_id: '' }],
  ])('rejects a login with %s', async (_, values) => {
    const { issuer } = await start()
    expect((await fetch(`${issuer.url}/authorize?${form({ ...wanted, ...values }).toString()}`)).status).toBe(400)
    expect((await login(issuer.url, values)).status).toBe(400)
  })

  it('rejects a login from a page of another site, and a Host that only points to this machine', async () => {
    const { issuer } = await start()
    expect((await login(issuer.url, {}, 'https://evil.example')).status).toBe(403)
    const { port } = new URL(issuer.url)
    const status = await new Promise((resolve) => {
      httpRequest({ port, path: '/jwks', headers: { host: 'evil.example' } }, (response) =>
        resolve(response.statusCode),
      ).end()
    })
    expect(status).toBe(421)
    const simple = await fetch(`${issuer.url}/tricube/token`, { method: 'POST', body: '{"user":"1"}' })
    expect(simple.status).toBe(415)
  })

  it('gives tokens for a code once, and only to the app that has begun the login', async () => {
    const { issuer } = await start()
    const code = async () => codeOf(await login(issuer.url))
    for (const wrong of [
      { code_verifier: 'x' },
      { client_id: 'other' },
      { redirect_uri: 'http://127.0.0.1/' },
      { code: 'x' },
    ])
      expect((await redeem(issuer.url, { code: await code(), ...wrong })).body).toEqual({ error: 'invalid_grant' })
    const once = await code()
    expect((await redeem(issuer.url, { code: once })).status).toBe(200)
    expect((await redeem(issuer.url, { code: once })).status).toBe(400)
  })

  it('shows what a request names as text', async () => {
    const { issuer } = await start()
    const page = await (
      await fetch(
        `${issuer.url}/authorize?${form({ ...wanted, client_id: '"><script>alert(1)</script>', scope: `'"><b>` }).toString()}`,
      )
    ).text()
    expect(page).not.toMatch(/<script>|<b>/)
    expect(page).toContain('&#60;script&#62;')
  })

  it('does not run in production', async () => {
    vi.stubEnv('NODE_ENV', 'production')
    onTestFinished(() => void vi.unstubAllEnvs())
    await expect(devIssuer({ audience: () => [] })).rejects.toThrow('it does not run with NODE_ENV=production')
  })

  it.runIf(chromiumBinary)('logs in a page in Chromium', async () => {
    const { issuer, me } = await start()
    const app = createServer(
      (_request, response) => void response.setHeader('content-type', 'text/html').end('<title>app</title>'),
    )
    await new Promise<void>((resolve) => void app.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void app.close())
    const origin = `http://127.0.0.1:${(app.address() as AddressInfo).port}`
    const { page, close } = await openPage(
      `${issuer.url}/authorize?${form({ ...wanted, redirect_uri: `${origin}/callback` }).toString()}`,
    )
    onTestFinished(close)
    await page.fill('input[name=user]', 'ann')
    await page.click('button')
    await page.waitForURL(`${origin}/callback?*`)
    const code = new URL(page.url()).searchParams.get('code')!
    const token = await page.evaluate(
      async ([url, body]) => {
        const response = await fetch(`${url}/token`, {
          method: 'POST',
          body: new URLSearchParams(body as Record<string, string>),
        })
        return ((await response.json()) as { access_token: string }).access_token
      },
      [
        issuer.url,
        {
          grant_type: 'authorization_code',
          client_id: 'app',
          redirect_uri: `${origin}/callback`,
          code_verifier: verifier,
          code,
        },
      ] as const,
    )
    expect(await me(token)).toEqual([200, { id: 'ann', scopes: ['openid', 'a'] }])
  })
})
