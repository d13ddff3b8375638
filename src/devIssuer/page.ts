import type { AuthorizationRequest } from './authorization.ts'

/** The page on which a developer chooses a user. Everything that the request names is shown as text. */
export function loginPage(request: AuthorizationRequest): string {
  const { client_id: client, scope, ...rest } = request
  const hidden = { ...rest, client_id: client, response_type: 'code', code_challenge_method: 'S256' }
  const inputs = Object.entries(hidden)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `<input type="hidden" name="${name}" value="${escapeHtml(value!)}">`)
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Log in to ${escapeHtml(client)}</title>
    <style>
      body { font: 16px/1.5 system-ui, sans-serif; max-width: 24rem; margin: 4rem auto; padding: 0 1rem }
      label { display: block; margin: 1rem 0 }
      input { display: block; width: 100%; font: inherit; padding: .4rem; box-sizing: border-box }
      button { font: inherit; padding: .5rem 1.5rem }
    </style>
  </head>
  <body>
    <h1>Log in</h1>
    <p>The issuer of <code>tricube dev</code> logs you in to ${escapeHtml(client)} as anyone.</p>
    <form method="post" action="authorize">
      ${inputs.join('\n      ')}
      <label>User <input name="user" value="1" required autofocus maxlength="255"></label>
      <label>Scopes <input name="scope" value="${escapeHtml(scope)}"></label>
      <label>Tenant <input name="tenant" placeholder="none"></label>
      <button>Log in</button>
    </form>
  </body>
</html>
`
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
