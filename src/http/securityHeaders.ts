/**
 * The headers that OWASP and helmet 8.1 recommend, as far as they matter for an API that responds with JSON. Browsers may
 * not frame a response, guess its type, or show it as a page. Other sites may not embed it, which CORS alone does not forbid.
 *
 * Helmet's headers for documents, plug-ins and old browsers are left out (`cross-origin-opener-policy`,
 * `origin-agent-cluster`, `x-dns-prefetch-control`, `x-download-options`, `x-permitted-cross-domain-policies`,
 * `x-xss-protection`).
 * https://cheatsheetseries.owasp.org/cheatsheets/REST_Security_Cheat_Sheet.html
 */
export const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
}

/** Added under TLS: a year, with subdomains, as helmet sends it. RFC 6797 */
export const transportSecurity = { 'strict-transport-security': 'max-age=31536000; includeSubDomains' }
