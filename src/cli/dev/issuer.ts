import type { DevIssuer } from '../../devIssuer/devIssuer.ts'
import type { DevUser } from '../../devIssuer/tokens.ts'
import type { PlannedService } from './plan.ts'

/** The issuer whose tokens the services of `tricube dev` accept. */
export class DevLogin {
  readonly #audience = new Set<string>()
  #issuer: Promise<DevIssuer> | undefined

  /** The issuer's URL; undefined when no service needs one, or `AUTH_ISSUER` names another. */
  url: string | undefined

  /** Returns the environment of a service: with an issuer, if it asks for users and you have set no other. */
  async environmentOf({ name, asksForUsers }: PlannedService): Promise<NodeJS.ProcessEnv> {
    const { AUTH_ISSUER: own, AUTH_AUDIENCE: audience } = process.env
    if (!asksForUsers || own) return {}
    this.#audience.add(audience || name)
    const { url } = await (this.#issuer ??= this.#start())
    return { AUTH_ISSUER: url, AUTH_DOCS_CLIENT: process.env['AUTH_DOCS_CLIENT'] ?? 'docs' }
  }

  /** Returns the token of a user; undefined when no issuer runs. */
  async tokenOf(user: DevUser): Promise<string | undefined> {
    return (await this.#issuer)?.token(user)
  }

  async stop(): Promise<void> {
    await (await this.#issuer)?.stop()
  }

  /** Loads the code when the first service needs it. */
  async #start(): Promise<DevIssuer> {
    const { devIssuer } = await import('../../devIssuer/devIssuer.ts')
    const issuer = await devIssuer({ port: usualPort, audience: () => [...this.#audience] })
    this.url = issuer.url
    return issuer
  }
}

/** A page of yours can name it, since it is the same at each start. If it is taken, a free one is used. */
const usualPort = 8400
