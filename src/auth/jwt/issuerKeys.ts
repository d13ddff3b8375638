import type { CryptoKey, JWTHeaderParameters } from 'jose'
import type { LateLog } from '../../log/late.ts'
import { equalJitter } from '../../time/backoff.ts'
import type { Clock } from '../../time/clock.ts'
import { discover } from './discovery.ts'
import { fetchJson } from './fetchJson.ts'
import { KeyList } from './keyList.ts'
import { insecureProblem } from './options.ts'

/** Where the keys of an issuer are. */
export interface KeySource {
  readonly issuer: string
  /** Default: the `jwks_uri` of its discovery document. */
  readonly jwksUrl?: string | undefined
  readonly insecure?: boolean | undefined
}

/** What fetching keys depends on. */
export interface KeyEnvironment {
  readonly clock: Clock
  readonly log: Pick<LateLog, 'warn' | 'info'>
  /** Called when the keys are others than before. */
  readonly onChange: () => void
}

/** How old keys may be before they are fetched again, in milliseconds. Issuers announce a key hours before they use it. */
const refreshMs = 10 * 60_000
/** How often an unknown key id may cause a fetch, in milliseconds. */
const unknownMs = 30_000
/** How long keys are used while their issuer cannot be reached, in milliseconds. */
const staleMs = 24 * 3_600_000
/** Pauses between failed fetches, in milliseconds. */
const pauseMs = equalJitter({ baseMs: 1000, capMs: 60_000 })
const longestPauseWithoutKeysMs = 5000

/** Thrown when no keys of an issuer are known and it does not respond. */
export class KeysUnavailable extends Error {
  override readonly name: string = 'KeysUnavailable'
}

/**
 * The keys of an issuer, fetched in the background.
 *
 * A token with a known key never waits for the issuer. One with an unknown key causes a fetch, which all such tokens share,
 * and the next one only 30 s later. So random key ids cannot flood the issuer. While no keys are known, only the background
 * fetches. Keys outlive an outage of their issuer by a day. A key that a new list does not have is gone at once.
 */
export class IssuerKeys {
  readonly #source: KeySource
  readonly #environment: KeyEnvironment
  readonly #closing = new AbortController()
  #list: KeyList | undefined
  #jwksUrl: string | undefined
  #fetchedAt = Number.NEGATIVE_INFINITY
  #unknownAt = Number.NEGATIVE_INFINITY
  #fetching: Promise<boolean> | undefined
  #failures = 0
  #isStarted = false

  constructor(source: KeySource, environment: KeyEnvironment) {
    this.#source = source
    this.#environment = environment
  }

  /** Why tokens cannot be verified; undefined when there are keys. */
  get problem(): string | undefined {
    return this.#usable ? undefined : `the keys of ${this.#source.issuer} are not known`
  }

  /** Fetches the keys now, and again in the background. */
  start(): void {
    if (this.#isStarted) return
    this.#isStarted = true
    void this.#keepFresh(this.#closing.signal)
  }

  /**
   * Returns the keys that may have signed a token.
   *
   * @throws {KeysUnavailable} when no keys are known and the issuer does not respond
   */
  async candidates(header: JWTHeaderParameters): Promise<readonly CryptoKey[]> {
    this.start()
    if (!this.#usable) await this.#fetching // requests add none: the background fetches every few seconds
    const list = this.#usable
    if (!list) throw new KeysUnavailable(this.problem)
    const known = await list.candidates(header)
    if (known.length > 0 || header.kid === undefined || !this.#mayLook()) return known
    await this.#fetch()
    return this.#usable?.candidates(header) ?? []
  }

  close(): void {
    this.#closing.abort()
  }

  /** The keys, unless they are too old. */
  get #usable(): KeyList | undefined {
    return this.#environment.clock.now() - this.#fetchedAt <= staleMs ? this.#list : undefined
  }

  /** Whether an unknown key id may have a fetch: it joins the current one, or begins one every 30 s. */
  #mayLook(): boolean {
    const now = this.#environment.clock.now()
    if (now - this.#unknownAt < unknownMs) return this.#fetching !== undefined
    this.#unknownAt = now
    return true
  }

  async #keepFresh(signal: AbortSignal): Promise<void> {
    const { clock } = this.#environment
    while (!signal.aborted) {
      const isFresh = await this.#fetch()
      await clock.wait(isFresh ? refreshMs * (1 - Math.random() / 5) : this.#pauseMs(), signal)
    }
  }

  /** The pause after a failed fetch: short while requests fail for want of keys. */
  #pauseMs(): number {
    return Math.min(pauseMs(this.#failures), this.#usable ? Number.POSITIVE_INFINITY : longestPauseWithoutKeysMs)
  }

  /** Fetches the keys, once for all who ask at the same time. Resolves to whether it succeeded. */
  #fetch(): Promise<boolean> {
    return (this.#fetching ??= this.#fetchOnce().finally(() => (this.#fetching = undefined)))
  }

  async #fetchOnce(): Promise<boolean> {
    const { clock, log, onChange } = this.#environment
    const { issuer } = this.#source
    try {
      this.#jwksUrl ??= this.#source.jwksUrl ?? (await findKeys(this.#source))
      const list = new KeyList((await fetchJson(this.#jwksUrl))['keys'])
      const isNew = !this.#list?.equals(list)
      if (isNew) this.#list = list
      this.#fetchedAt = clock.now()
      if (isNew) onChange()
      if (this.#failures > 0) log.info({ issuer }, 'the keys of the issuer are fetched again')
      this.#failures = 0
      return true
    } catch (error) {
      this.#jwksUrl = undefined // it may have moved
      if (this.#failures++ === 0) {
        log.warn(
          { issuer, reason: reasonOf(error) },
          'cannot fetch the keys of the issuer: tokens are verified with those that are known',
        )
      }
      return false
    }
  }
}

/** Finds the URL of an issuer's keys. */
async function findKeys({ issuer, insecure }: KeySource): Promise<string> {
  const { jwks_uri: url } = await discover(issuer)
  if (typeof url !== 'string') throw new Error('its discovery document has no jwks_uri')
  const problem = insecureProblem(url, { insecure })
  if (problem) throw new Error(problem)
  return url
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error
  return cause instanceof Error ? `${message}: ${cause.message}` : message
}
