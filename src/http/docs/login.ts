/** How readers of the page log in at an issuer: by an authorization code with PKCE. */
export interface DocsLogin {
  readonly issuer: string
  readonly authorizationEndpoint: string
  readonly tokenEndpoint: string
  /** The page's client ID at the issuer, which is a public client. */
  readonly clientId: string
  /** The scopes to ask for. */
  readonly scopes: readonly string[]
  /** The audience that the service accepts. Some issuers want to be told. */
  readonly audience: string | undefined
}

/** Returns how to log in now; undefined when the issuer does not respond. */
export type FindLogin = () => Promise<DocsLogin | undefined>

/** The script of the page's login. It stores only the secret of a login that has begun, so a reload logs out. */
export const loginScript = `const settings = JSON.parse(document.querySelector('meta[name=login]')?.content ?? 'null')
const begun = 'tricube-login'
const base64url = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/[+/=]/g, (c) => ({ '+': '-', '/': '_', '=': '' })[c])
const secret = () => base64url(crypto.getRandomValues(new Uint8Array(32)))
const here = location.origin + location.pathname

/** Leaves for the issuer. */
async function begin() {
  const login = { verifier: secret(), state: secret(), hash: location.hash }
  sessionStorage.setItem(begun, JSON.stringify(login))
  const challenge = base64url(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(login.verifier)))
  const url = new URL(settings.authorizationEndpoint)
  const wanted = {
    response_type: 'code',
    client_id: settings.clientId,
    redirect_uri: here,
    scope: settings.scopes.join(' '),
    state: login.state,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...(settings.audience && { audience: settings.audience }),
  }
  for (const [name, value] of Object.entries(wanted)) url.searchParams.set(name, value)
  location.assign(url)
}

/** Fetches the token of a login that has come back; undefined when there was none. */
async function end() {
  const back = new URLSearchParams(location.search)
  if (!back.has('state')) return undefined
  const login = JSON.parse(sessionStorage.getItem(begun) ?? 'null')
  sessionStorage.removeItem(begun)
  history.replaceState(null, '', here + (login?.hash ?? '')) // the code must not stay in the address
  if (!login || back.get('state') !== login.state || (back.has('iss') && back.get('iss') !== settings.issuer))
    throw new Error('this login was not begun here')
  if (back.has('error')) throw new Error(back.get('error_description') ?? back.get('error'))
  const response = await fetch(settings.tokenEndpoint, {
    method: 'POST',
    credentials: 'omit',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: settings.clientId,
      redirect_uri: here,
      code: back.get('code'),
      code_verifier: login.verifier,
    }),
  })
  const { access_token: token, error, error_description: why } = await response.json()
  if (!token) throw new Error(why ?? error ?? 'the issuer gave no access token')
  return token
}

function subjectOf(token) {
  try {
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0)))).sub
  } catch {
    return 'a user'
  }
}

/** Shows the login, and authorizes the operations once there is a token. */
async function offerLogin(ui) {
  if (!settings) return
  const [bar, button, note] = ['login', 'login-button', 'login-note'].map((id) => document.getElementById(id))
  let isLoggedIn = false
  const show = (text, label) => {
    note.textContent = text
    button.textContent = label
  }
  button.addEventListener('click', () => {
    if (!isLoggedIn) return begin()
    isLoggedIn = false
    ui.getSystem().authActions.logout(['user'])
    show('', 'Log in')
  })
  bar.hidden = false
  if (!globalThis.isSecureContext) {
    button.disabled = true
    return show('To log in, open this page by HTTPS.', 'Log in')
  }
  try {
    const token = await end()
    if (token === undefined) return
    isLoggedIn = true
    ui.preauthorizeApiKey('user', token)
    show('Logged in as ' + subjectOf(token), 'Log out')
  } catch (error) {
    show('The login failed: ' + error.message, 'Log in')
  }
}
`
