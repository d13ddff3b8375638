/** Renders the documentation page. The version gives new files new URLs. */
export function pageOf(title: string, version: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${escapeHtml(title)}</title>
    <link rel="icon" href="docs/icon.svg?v=${version}">
    <link rel="stylesheet" href="docs/swagger-ui.css?v=${version}">
    <link rel="stylesheet" href="docs/page.css?v=${version}">
    <script src="docs/swagger-ui-bundle.js?v=${version}" defer></script>
    <script src="docs/page.js?v=${version}" defer></script>
  </head>
  <body>
    <noscript>This page needs JavaScript. The description itself is at <a href="openapi/spec.json">openapi/spec.json</a>.</noscript>
    <main id="page"></main>
  </body>
</html>
`
}

/** Starts Swagger UI, in dark colours where the reader's system has them. */
export const pageScript = `const { classList } = document.documentElement
const dark = matchMedia('(prefers-color-scheme: dark)')
const follow = () => classList.toggle('dark-mode', dark.matches)
dark.addEventListener('change', follow)
follow()

SwaggerUIBundle({
  url: 'openapi/spec.json',
  domNode: document.getElementById('page'),
  deepLinking: true,
  displayOperationId: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  showExtensions: true,
  validatorUrl: null,
})
`

/**
 * Adds to Swagger UI a background for the whole page, and hides the list of servers when there is one, and links. On a phone
 * it hides names of operations, which Swagger UI would break anywhere.
 */
export const pageStyle = `body { margin: 0; background: #fff }
.dark-mode body { background: #1c2022 }
noscript { display: block; padding: 2rem; font-family: sans-serif }
.swagger-ui .info { margin: 2rem 0 1rem }
.swagger-ui .scheme-container:not(:has(option + option)), .swagger-ui .response-col_links { display: none }
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
