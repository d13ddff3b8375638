import type { FastifyReply, FastifyRequest } from 'fastify'
import { PreconditionFailed } from '../../contract/errors.ts'
import { wireName, type Cookie } from '../../contract/cookie.ts'
import { namesTag, tagOf, type Version } from './entityTag.ts'
import type { ResponseSpec } from './responseSpec.ts'

/**
 * What a handler has set on its response. Nothing of it is sent until the handler succeeds, so an error has none of its
 * headers and cookies.
 */
export class ResponseDraft {
  /** The chosen status; undefined for the usual one. */
  chosen: number | undefined
  /** Undefined when the handler has set none. */
  tag: string | undefined
  /** Whether the handler has checked the request's preconditions. */
  isChecked = false
  readonly #spec: ResponseSpec
  readonly #request: FastifyRequest
  readonly #headers = new Map<string, string>()
  readonly #cookies = new Map<string, string>()

  constructor(spec: ResponseSpec, request: FastifyRequest) {
    this.#spec = spec
    this.#request = request
  }

  status(status: number): this {
    const { encoders } = this.#spec
    if (!encoders.has(status)) {
      const allowed = [...encoders.keys()].join(', ')
      throw new TypeError(`the contract has no response ${status}, only ${allowed}: add it to responses`)
    }
    this.chosen = status
    return this
  }

  header(name: string, value: unknown): this {
    if (value === undefined) this.#headers.delete(name)
    else this.#headers.set(name, this.#spec.headers.textOf(name, value))
    return this
  }

  cookie(name: string, value: string, { maxAgeSeconds }: { readonly maxAgeSeconds?: number } = {}): this {
    const declared = this.#cookieNamed(name)
    const { signer, write } = this.#spec.codec!
    const wire = wireName(name, declared)
    const one = maxAgeSeconds === undefined ? declared : { ...declared, maxAgeSeconds }
    this.#cookies.set(wire, write(wire, value, one, signer))
    return this
  }

  clearCookie(name: string): this {
    const declared = this.#cookieNamed(name)
    const wire = wireName(name, declared)
    this.#cookies.set(wire, this.#spec.codec!.clear(wire, declared))
    return this
  }

  etag(version: Version): this {
    this.tag = this.#tagOf(version)
    return this
  }

  ifMatch(current: Version | undefined): void {
    this.isChecked = true
    const { 'if-match': match, 'if-none-match': noneMatch } = this.#request.headers
    const tag = current === undefined ? undefined : this.#tagOf(current)
    if (match !== undefined && (tag === undefined || !namesTag(match, tag))) {
      throw new PreconditionFailed('if-match does not have the current version: read it again')
    }
    if (noneMatch !== undefined && tag !== undefined && namesTag(noneMatch, tag)) {
      throw new PreconditionFailed('if-none-match has the current version')
    }
  }

  /**
   * Puts headers and cookies on the reply.
   *
   * @throws {TypeError} when a header is missing that every response has to have
   */
  apply(reply: FastifyReply): void {
    for (const [name, text] of this.#headers) reply.header(name, text)
    const { required, defaults } = this.#spec.headers
    if (defaults.size > 0) addDefaults(reply, defaults)
    const missing = required.find((name) => !this.#headers.has(name))
    if (missing !== undefined) throw missingHeader(missing)
    if (this.#cookies.size === 0) return
    reply.header('set-cookie', [...this.#cookies.values()])
    // A cache that stores a cookie would give it to others.
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store')
  }

  #cookieNamed(name: string): Cookie {
    const { setCookies } = this.#spec
    if (Object.hasOwn(setCookies, name)) return setCookies[name]!
    throw new TypeError(`the contract has no cookie ${name} to set: add it to setCookies`)
  }

  #tagOf(version: Version): string {
    const { encoders, usual } = this.#spec
    return tagOf(version, (data) => encoders.get(usual)!(data, this.#request.query))
  }
}

/** Sets the headers that the handler has not set, and that have a default. */
export function addDefaults(reply: FastifyReply, defaults: ReadonlyMap<string, string>): void {
  for (const [name, text] of defaults) if (!reply.hasHeader(name)) reply.header(name, text)
}

/** Returns the error of a response without a header that the contract requires. */
export function missingHeader(name: string): TypeError {
  return new TypeError(`the response has no header ${name}: set it with response.header, or make it t.Optional`)
}
