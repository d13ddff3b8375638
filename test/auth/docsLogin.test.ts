/** The page at /docs: readers log in at an issuer by PKCE, or paste a token. */
import { contract, service, t } from 'tricube'
import { jwt, type JwtOptions } from 'tricube/auth'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { devIssuer } from '../../src/devIssuer/devIssuer.ts'
import { chromiumBinary, openPage } from '../dashboard/browser.ts'
import { startIssuer } from './issuer.ts'

const notes = contract(
  'note-service',
  {
    me: {
      route: 'GET /me',
      scopes: ['notes:read'],
      returns: t.Object({ id: t.String(), scopes: t.Array(t.String()) }),
    },
    audit: { route: 'GET /audit', scopes: ['notes:audit'], internal: true, returns: t.String() },
  },
  { auth: 'user' },
)

async function start(options: JwtOptions, { client = 'docs', scopes = '', edge = false } = {}) {
  vi.stubEnv('AUTH_DOCS_CLIENT', client)
  vi.stubEnv('AUTH_DOCS_SCOPES', scopes)
  onTestFinished(() => void vi.unstubAllEnvs())
  const app = service(notes, {
    edge,
    log: { level: 'silent' },
    auth: { user: jwt({ audience: 'note-service', ...options }) },
    handlers: { me: ({ user: { id, scopes } }) => ({ id, scopes: [...scopes] }), audit: () => '' },
  })
  onTestFinished(() => app.close())
  const { url } = await app.listen()
  const page = await fetch(`${url}/docs`)
  const html = await page.text()
  const login = /<meta name="login" content="([^"]*)">/.exec(html)?.[1]
  return {
    url,
    policy: page.headers.get('content-security-policy')!,
    login: login === undefined ? undefined : (JSON.parse(login.replaceAll('&#34;', '"')) as Record<string, unknown>),
  }
}

async function issuerOfDev() {
  const issuer = await devIssuer({ audience: () => ['note-service'] })
  onTestFinished(() => issuer.stop())
  return issuer
}

describe('the page', () => {
  it('knows the endpoints of the issuer, its client and the scopes of the operations that it shows', async () => {
    const { url: issuer } = await issuerOfDev()
    const inside = await start({ issuer })
    expect(inside.login).toEqual({
      issuer,
      authorizationEndpoint: `${issuer}/authorize`,
      tokenEndpoint: `${issuer}/token`,
      clientId: 'docs',
      scopes: ['openid', 'notes:audit', 'notes:read'],
      audience: 'note-service',
    })
    expect(inside.policy).toContain(`connect-src 'self' ${issuer};`)
    const outside = await start({ issuer }, { edge: true, client: 'public-docs' })
    expect(outside.login).toMatchObject({ clientId: 'public-docs', scopes: ['openid', 'notes:read'] })
    expect((await start({ issuer }, { scopes: 'api/notes.read,api/x' })).login).toMatchObject({
      scopes: ['api/notes.read', 'api/x'],
    })
  })

  it.each(['down', 'redirects', 'other issuer'] as const)(
    'does without a login while the issuer is: %s',
    async (mode) => {
      const issuer = await startIssuer()
      issuer.mode = mode
      const { login, policy } = await start({ issuer: issuer.url })
      expect([login, policy.includes("connect-src 'self';")]).toEqual([undefined, true])
    },
  )

  it('does without a login when you have set no client', async () => {
    const { url: issuer } = await issuerOfDev()
    expect((await start({ issuer }, { client: '' })).login).toBeUndefined()
  })

  it.runIf(chromiumBinary)('logs in, calls an operation, and keeps no code in its address', async () => {
    const { url: issuer } = await issuerOfDev()
    const { url } = await start({ issuer })
    const { page, complaints, close } = await openPage(`${url}/docs`)
    onTestFinished(close)
    await page.click('#login-button')
    await page.waitForURL(`${issuer}/authorize?*`)
    await page.fill('input[name=user]', 'ann')
    await page.fill('input[name=scope]', 'notes:read')
    await page.click('button')
    await page.getByText('Logged in as ann').waitFor()
    expect(page.url()).toBe(`${url}/docs`)

    await page.click('.opblock-summary-path[data-path="/me"]')
    await page.click('.opblock button.execute')
    await page.getByText('"ann"').first().waitFor()
    await page.click('#login-button') // which now logs out
    await page.click('.opblock button.execute')
    await page.locator('.live-responses-table .response-col_status', { hasText: '401' }).waitFor()
    expect(complaints.filter((one) => !one.includes('401'))).toEqual([])
  })

  it.runIf(chromiumBinary)('takes no login that it has not begun, and a pasted token', async () => {
    const issuer = await issuerOfDev()
    const { url } = await start({ issuer: issuer.url })
    const { page, close } = await openPage(`${url}/docs?code=stolen&state=forged`)
    onTestFinished(close)
    await page.getByText('The login failed: this login was not begun here').waitFor()
    expect(page.url()).toBe(`${url}/docs`)
    await page.click('button.authorize')
    await page.fill('.dialog-ux input', await issuer.token({ user: 'bob', scopes: ['notes:read'] }))
    await page.click('.dialog-ux button.authorize')
    await page.click('.dialog-ux button.btn-done')
    await page.click('.opblock-summary-path[data-path="/me"]')
    await page.click('.opblock button.execute')
    await page.getByText('"bob"').first().waitFor()
  })
})
