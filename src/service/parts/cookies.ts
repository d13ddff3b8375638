import { ConfigError } from '../../config/configError.ts'
import { listOf, text } from '../../config/rules.ts'
import { setting } from '../../config/setting.ts'
import type { CookieCodec } from '../../http/operation/responseSpec.ts'
import type { Opened, Part } from '../part.ts'

/** The configuration of cookies. */
export interface CookiesConfig {
  /** Secrets that sign cookies, the newest first. */
  readonly cookieSecrets: readonly string[]
}

/** Reads and writes cookies. */
export interface OpenedCookies extends Opened {
  /** Undefined when the contract has no cookies. */
  readonly codec: CookieCodec | undefined
}

/** Signs the cookies of the contract. */
export const cookies: Part<{}, CookiesConfig, OpenedCookies> = {
  name: 'cookies',
  settings: {
    cookieSecrets: setting<readonly string[]>(
      listOf(text('a secret of at least 32 characters', /^.{32,}$/s), 'secrets of at least 32 characters'),
      {
        variable: 'COOKIE_SECRETS',
        meaning: 'Secrets that sign cookies. The first one signs. More of them let you change it.',
        value: [],
        secret: true,
      },
    ),
  },
  async open({ contract, config: { cookieSecrets } }) {
    const all = Object.values(contract.operations).flatMap(({ cookies: read = {}, setCookies = {} }) => [
      ...Object.values(read),
      ...Object.values(setCookies),
    ])
    if (all.length === 0) return { codec: undefined }
    if (cookieSecrets.length === 0 && all.some(({ signed }) => signed)) throw missingSecret()
    // Loaded only by services with cookies: each module makes the start longer.
    const { CookieSigner, readCookies, writeCookie, clearedCookie } = await import('../../http/operation/cookies.ts')
    const signer = new CookieSigner(cookieSecrets)
    return { codec: { signer, read: readCookies, write: writeCookie, clear: clearedCookie } }
  },
}

function missingSecret(): ConfigError {
  return new ConfigError(
    'COOKIE_SECRETS is required: the contract has signed cookies. Set it to at least 32 random characters',
  )
}
