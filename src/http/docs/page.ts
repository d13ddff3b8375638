import { loginScript, type DocsLogin } from './login.ts'

/** Renders the documentation page. The version gives new files new URLs. */
export function pageOf(title: string, version: string, login: DocsLogin | undefined): string {
  const meta = login ? `\n    <meta name="login" content="${escapeHtml(JSON.stringify(login))}">` : ''
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${escapeHtml(title)}</title>${meta}
    <link rel="icon" href="docs/icon.svg?v=${version}">
    <link rel="stylesheet" href="docs/swagger-ui.css?v=${version}">
    <link rel="stylesheet" href="docs/page.css?v=${version}">
    <script src="docs/swagger-ui-bundle.js?v=${version}" defer></script>
    <script src="docs/page.js?v=${version}" defer></script>
  </head>
  <body>
    <noscript>This page needs JavaScript. The description itself is at <a href="openapi/spec.json">openapi/spec.json</a>.</noscript>
    <p id="login" hidden><span id="login-note" role="status"></span> <button id="login-button" type="button">Log in</button></p>
    <main id="page"></main>
  </body>
</html>
`
}

/** Starts Swagger UI with the login, in dark colours where the reader's system has them. */
export const pageScript: string = `${loginScript}
const { classList } = document.documentElement
const dark = matchMedia('(prefers-color-scheme: dark)')
const follow = () => classList.toggle('dark-mode', dark.matches)
dark.addEventListener('change', follow)
follow()

const ui = SwaggerUIBundle({
  url: 'openapi/spec.json',
  domNode: document.getElementById('page'),
  deepLinking: true,
  displayOperationId: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  showExtensions: true,
  validatorUrl: null,
  onComplete: () => void offerLogin(ui),
})
`

/**
 * Adds to Swagger UI a background for the whole page and the login, and hides the list of servers when there is one, and links. On a phone
 * it hides names of operations, which Swagger UI would break anywhere.
 */
export const pageStyle = `body { margin: 0; background: #fff }
.dark-mode body { background: #1c2022 }
noscript { display: block; padding: 2rem; font-family: sans-serif }
.swagger-ui .info { margin: 2rem 0 1rem }
.swagger-ui .scheme-container:not(:has(option + option, .authorize)), .swagger-ui .response-col_links { display: none }
.swagger-ui .scheme-container:not(:has(option + option)) :is(.servers-title, .servers) { display: none }
#login { max-width: 1460px; margin: 1rem auto 0; padding: 0 20px; box-sizing: border-box; text-align: right; font: 14px sans-serif }
#login[hidden] { display: none }
#login button { font: inherit; padding: .4rem 1rem }
.dark-mode #login { color: #e4e6e6 }
@media (max-width: 640px) { .swagger-ui .opblock-summary-operation-id { display: none } }
`

/** The scale cube. */
export const pageIcon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
  <path fill="#7dd3fc" d="M16 2 29 9 16 16 3 9z"/>
  <path fill="#0284c7" d="M3 9 16 16V30L3 23z"/>
  <path fill="#0c4a6e" d="M29 9 16 16V30L29 23z"/>
</svg>
`

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
