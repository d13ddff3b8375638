/**
 * OWASP's list for an API that answers JSON, and of helmet's 8.1 what means something to one: nothing may frame an answer,
 * guess its type, take it for a page, or embed it in a page of another site (which CORS does not forbid by itself).
 *
 * Not sent of helmet's: what speaks of documents, plug-ins and old browsers (`cross-origin-opener-policy`,
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

/** With them under TLS: a year, subdomains too, as helmet says it. RFC 6797 */
export const transportSecurity = { 'strict-transport-security': 'max-age=31536000; includeSubDomains' }
