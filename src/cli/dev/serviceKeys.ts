import { generateKeyPairSync } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'

/** The keys by which the services of `tricube dev` identify themselves to each other. They are new at each start. */
export class DevServiceKeys {
  readonly #folder = resolve('.tricube', 'service-keys')
  #ready: Promise<void> | undefined

  /** Returns the environment of a service: with a key, unless you have set some. */
  async environmentOf({ name }: { readonly name: string }): Promise<NodeJS.ProcessEnv> {
    const { SERVICE_KEY_FILE: file, SERVICE_KEYS_DIR: folder } = process.env
    if (file || folder) return {}
    await (this.#ready ??= this.#clear())
    const { privateKey, publicKey } = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    })
    const own = join(this.#folder, 'private', `${name}.pem`)
    await writeFile(join(this.#folder, `${name}.pem`), publicKey)
    await writeFile(own, privateKey, { mode: 0o600 })
    return { SERVICE_KEY_FILE: own, SERVICE_KEYS_DIR: this.#folder }
  }

  async #clear(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
    await mkdir(join(this.#folder, 'private'), { recursive: true, mode: 0o700 })
  }
}
