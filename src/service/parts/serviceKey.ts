import { readFile } from 'node:fs/promises'
import { keepLooking } from '../../auth/service/keepLooking.ts'
import { ServiceSigner } from '../../auth/service/signer.ts'
import { ConfigError } from '../../config/configError.ts'
import { fileSetting } from '../../config/setting.ts'
import type { LateLog } from '../../log/late.ts'
import type { Opened, Part } from '../part.ts'

/** Configuration of a service's own key. */
export interface ServiceKeyConfig {
  /** The private key by which the service identifies itself to others (`SERVICE_KEY_FILE`). Default: none. */
  readonly serviceKeyFile: string | undefined
}

/** How a service identifies itself to others. */
export interface OwnTokens extends Opened {
  /** Returns the token for a service; undefined without a key. */
  readonly tokenFor?: (callee: string) => string
}

/** Signs the tokens by which a service identifies itself to others. */
export const serviceKey: Part<{}, ServiceKeyConfig, OwnTokens> = {
  name: 'service key',
  settings: {
    serviceKeyFile: fileSetting(
      'SERVICE_KEY_FILE',
      'The private key by which the service identifies itself to others, in PEM: EC on P-256, or Ed25519.',
    ),
  },
  async open({ contract, config: { serviceKeyFile: file }, log }) {
    if (file === undefined) return {}
    const signer = new OwnKey(contract.name, file, log)
    await signer.start()
    return { tokenFor: (callee) => signer.tokenFor(callee), close: () => signer.close() }
  },
}

/** The key in a file, which may change. */
class OwnKey {
  readonly #service: string
  readonly #file: string
  readonly #log: LateLog
  #pem = ''
  #signer!: ServiceSigner
  #stop: () => void = () => {}

  constructor(service: string, file: string, log: LateLog) {
    this.#service = service
    this.#file = file
    this.#log = log
  }

  /** @throws {ConfigError} when the file cannot be read or has no key */
  async start(): Promise<void> {
    try {
      this.#pem = await readFile(this.#file, 'utf8')
      this.#signer = new ServiceSigner(this.#service, this.#pem)
    } catch (cause) {
      throw new ConfigError(`SERVICE_KEY_FILE ${this.#file} cannot be used: ${(cause as Error).message}`, { cause })
    }
    const failed = ({ message }: Error): void =>
      this.#log.error(
        { file: this.#file, error: message },
        'the old key of the service stays: the new one cannot be used',
      )
    this.#stop = keepLooking(() => this.#look(), failed)
  }

  tokenFor(callee: string): string {
    return this.#signer.tokenFor(callee)
  }

  close(): void {
    this.#stop()
  }

  async #look(): Promise<void> {
    const pem = await readFile(this.#file, 'utf8')
    if (pem === this.#pem) return
    this.#signer.use(pem)
    this.#pem = pem
    this.#log.info({ file: this.#file }, 'a new key of the service')
  }
}
