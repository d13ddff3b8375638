import { createHmac, timingSafeEqual } from 'node:crypto'
import { parseCookie, stringifySetCookie } from 'cookie'
import { wireName, type Cookie, type Cookies } from '../../contract/cookie.ts'

/** Signs the values of cookies, and reads them back. */
export class CookieSigner {
  readonly #secrets: readonly string[]

  /** The first secret signs. Values that another one has signed are still read. */
  constructor(secrets: readonly string[]) {
    this.#secrets = secrets
  }

  /** Returns a value with its signature. It belongs to the name, so that no cookie passes for another one. */
  sign(name: string, value: string): string {
    return `${value}.${signatureOf(this.#secrets[0]!, name, value)}`
  }

  /** Returns the value without its signature; undefined when no secret has signed it for this name. */
  unsign(name: string, signed: string): string | undefined {
    const dot = signed.lastIndexOf('.')
    if (dot < 0) return undefined
    const value = signed.slice(0, dot)
    const signature = Buffer.from(signed.slice(dot + 1))
    const isValid = this.#secrets.some((secret) => {
      const expected = Buffer.from(signatureOf(secret, name, value))
      return expected.length === signature.length && timingSafeEqual(expected, signature)
    })
    return isValid ? value : undefined
  }
}

function signatureOf(secret: string, name: string, value: string): string {
  return createHmac('sha256', secret).update(`${name}=${value}`).digest('base64url')
}

/** Reads the cookies of a request. */
export function readCookies(
  header: string | undefined,
  cookies: Cookies,
  signer: CookieSigner,
): Readonly<Record<string, string | undefined>> {
  const sent = header === undefined ? {} : parseCookie(header)
  const read: Record<string, string | undefined> = {}
  for (const [name, one] of Object.entries(cookies)) {
    const wire = wireName(name, one)
    const value = sent[wire]
    read[name] = value !== undefined && one.signed ? signer.unsign(wire, value) : value
  }
  return read
}

/** Writes a `set-cookie`. Browsers ignore one of more than 4,096 bytes. RFC 6265, 6.1 */
export function writeCookie(
  name: string,
  value: string,
  { signed, maxAgeSeconds, path, domain, sameSite, secure, httpOnly }: Cookie,
  signer: CookieSigner,
): string {
  const text = stringifySetCookie({
    name,
    value: signed ? signer.sign(name, value) : value,
    path,
    secure,
    httpOnly,
    sameSite,
    ...(maxAgeSeconds !== undefined && { maxAge: maxAgeSeconds }),
    ...(domain !== undefined && { domain }),
  })
  if (text.length > maxLength) {
    throw new TypeError(`the cookie ${name} has ${text.length} bytes, and browsers ignore more than ${maxLength}`)
  }
  return text
}

/** Writes a `set-cookie` that makes browsers delete a cookie. */
export function clearedCookie(name: string, { path, domain, sameSite, secure, httpOnly }: Cookie): string {
  const base = { name, value: '', path, secure, httpOnly, sameSite, maxAge: 0 }
  return stringifySetCookie(domain === undefined ? base : { ...base, domain })
}

const maxLength = 4096
