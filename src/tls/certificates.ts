import { readFile } from 'node:fs/promises'
import { createSecureContext, type SecureContext, type Server } from 'node:tls'

/** The certificate of a service and the authorities it trusts: PEM files, as paths or file URLs. They are reloaded on change. */
export interface CertificateFiles {
  /** The certificate, followed by the intermediate ones. */
  readonly cert?: string | URL
  /** The private key of the certificate. */
  readonly key?: string | URL
  /** The authorities that sign other services' certificates. Default: those of Node. */
  readonly ca?: string | URL
}

/** A log of certificate reloads. */
export interface CertificateLog {
  info(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** A certificate cannot be used; the message is one line that names the option, its file and the reason. */
class CertificateError extends TypeError {
  override readonly name: string = 'CertificateError'
}

/** How often the files are checked, in milliseconds: certificates are renewed days before they expire. */
const checkMs = 10_000

/**
 * The certificates of a service, for its server and its calls. They are read when first needed, and again on change.
 *
 * It compares contents, because neither times nor watchers survive how Kubernetes and certbot swap symlinks. A file that
 * cannot be used, such as a certificate whose key is not written yet, is logged and changes nothing. The next check may
 * find the rest.
 */
export class Certificates {
  readonly #files: CertificateFiles
  readonly #log: CertificateLog | undefined
  #parts: Parts = {}
  #opened: Promise<void> | undefined
  #context!: SecureContext
  #server: Server | undefined
  #timer: NodeJS.Timeout | undefined

  /** @throws {TypeError} when there is a certificate without a key, or a key without a certificate */
  constructor(files: CertificateFiles = {}, log?: CertificateLog) {
    if ((files.cert === undefined) !== (files.key === undefined))
      throw new CertificateError('tls.cert and tls.key need each other')
    this.#files = files
    this.#log = log
  }

  /**
   * Returns the TLS context for new connections to other services; the same object until the files change.
   *
   * Rejects when a file cannot be read or used and there is no earlier context.
   */
  async context(): Promise<SecureContext> {
    await this.#open()
    return this.#context
  }

  /** Sets the certificates of a server, now and after each change; rejects when a file cannot be read or used. */
  async serve(server: Server): Promise<void> {
    await this.#open()
    server.setSecureContext(this.#parts)
    this.#server = server
  }

  /** Stops checking the files. */
  close(): void {
    clearInterval(this.#timer)
  }

  #open(): Promise<void> {
    return (this.#opened ??= this.#read().catch((error: unknown) => {
      this.#opened = undefined
      throw error
    }))
  }

  async #read(): Promise<void> {
    this.#parts = await read(this.#files)
    this.#context = contextOf(this.#parts)
    if (Object.keys(this.#parts).length > 0) this.#keepLooking()
  }

  #keepLooking(): void {
    let failure: string | undefined
    this.#timer = setInterval(() => {
      this.#look().then(
        () => (failure = undefined),
        ({ message }: Error) => {
          if (message === failure) return
          this.#log?.error({ error: message }, 'the old certificates stay: the new ones cannot be used')
          failure = message
        },
      )
    }, checkMs)
    this.#timer.unref()
  }

  async #look(): Promise<void> {
    const found = await read(this.#files)
    if (partNames.every((part) => found[part] === this.#parts[part])) return
    this.#parts = found
    this.#context = contextOf(found)
    this.#server?.setSecureContext(found)
    const { cert, ca } = this.#files
    this.#log?.info({ cert: String(cert ?? ca) }, 'new certificates')
  }
}

const partNames = ['cert', 'key', 'ca'] as const

type Parts = Readonly<Partial<Record<(typeof partNames)[number], string>>>

async function read(files: CertificateFiles): Promise<Parts> {
  const named = partNames.filter((part) => files[part] !== undefined)
  return Object.fromEntries(await Promise.all(named.map(async (part) => [part, await readPart(part, files[part]!)])))
}

async function readPart(part: string, file: string | URL): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new CertificateError(`tls.${part} cannot be read: ${(cause as Error).message}`, { cause })
  }
}

function contextOf(parts: Parts): SecureContext {
  try {
    return createSecureContext(parts)
  } catch (cause) {
    const what = parts.cert === undefined ? 'tls.ca' : 'tls.cert and tls.key'
    throw new CertificateError(`${what} cannot be used: ${(cause as Error).message}`, { cause })
  }
}
