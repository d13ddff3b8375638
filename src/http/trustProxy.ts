import { isIP } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { hostPattern } from './transport/strict.ts'

/** Names of subnets in proxy-addr. */
const named = new Set(['linklocal', 'loopback', 'uniquelocal'])

/** Returns why a value of `trustProxy` is not accepted; undefined when it is. */
export function trustProxyProblem(trusted: unknown): string | undefined {
  const list: unknown[] =
    typeof trusted === 'string' ? trusted.split(',') : Array.isArray(trusted) ? trusted : [trusted]
  const wrong = list.find((one) => typeof one !== 'string' || !isNarrow(one.trim()))
  if (wrong === undefined) return undefined
  const shown = typeof wrong === 'function' ? 'a function' : JSON.stringify(wrong)
  return `trustProxy: ${shown} is no address of a proxy, nor a subnet that holds only proxies: expected one like 10.0.0.0/8`
}

/** Whether it is an address, or a subnet no wider than those reserved for private use. */
function isNarrow(text: string): boolean {
  if (named.has(text)) return true
  const [address = '', bits, ...rest] = text.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return false
  if (bits === undefined) return true
  if (!/^\d{1,3}$/.test(bits)) return false
  if (version === 4) return Number(bits) >= 8 && Number(bits) <= 32
  // RFC 4193's addresses are private; `::ffff:0:0/96` is all of IPv4.
  const widest = /^f[cd]/i.test(address) ? 7 : /^:(?::|0)/.test(address) ? 104 : 16
  return Number(bits) >= widest && Number(bits) <= 128
}

/**
 * Removes invalid `x-forwarded-*` values from each request before anything reads them: a host that is no host, and a
 * protocol other than http and https. It also removes ports from the addresses in `x-forwarded-for`. Some proxies add them,
 * and each port would count as another caller.
 */
export function checkForwarded(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', ({ raw: { headers } }, _reply, done) => {
    const { 'x-forwarded-host': host, 'x-forwarded-proto': protocol, 'x-forwarded-for': addresses } = headers
    if (host !== undefined && !hostPattern.test(lastOf(host))) delete headers['x-forwarded-host']
    if (protocol !== undefined && !/^https?$/.test(lastOf(protocol))) delete headers['x-forwarded-proto']
    if (addresses !== undefined) headers['x-forwarded-for'] = credible(addresses)
    done()
  })
}

/** Returns the value that the nearest proxy has set, as Fastify reads it. */
function lastOf(value: string | string[]): string {
  return String(value).split(',').at(-1)!.trim()
}

/** Returns the addresses from the last one back to the first invalid value, which the caller itself has written. */
function credible(value: string | string[]): string {
  const all = String(value).split(',').map(addressOf)
  return all.slice(all.lastIndexOf('') + 1).join(', ')
}

/** Returns an address without its port; empty when it is no address. */
function addressOf(text: string): string {
  const trimmed = text.trim()
  if (isIP(trimmed) !== 0) return trimmed
  const bare = /^\[(.+)\](?::\d+)?$/.exec(trimmed)?.[1] ?? trimmed.replace(/:\d+$/, '')
  return isIP(bare) === 0 ? '' : bare
}
