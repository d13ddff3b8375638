import { readFile } from 'node:fs/promises'
import { createSecureContext, type SecureContext, type Server } from 'node:tls'

/** Who one is and whom one trusts: PEM files, as paths or URLs of files. They are read again when they change. */
export interface CertificateFiles {
  /** The certificate, followed by those between it and the root. */
  readonly cert?: string | URL
  /** Its private key. */
  readonly key?: string | URL
  /** Who signs the certificates of the others. Default: the authorities that Node knows. */
  readonly ca?: string | URL
}

/** Hears what became of certificates that have changed. */
export interface CertificateLog {
  info(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Certificates cannot be used; the message is one line that names the option and what is wrong with its file. */
class CertificateError extends TypeError {
  override readonly name: string = 'CertificateError'
}

/** How often the files are looked at, in milliseconds: certificates are renewed days before they end. */
const checkMs = 10_000

/**
 * The certificates of a service, for those who call it and for those whom it calls, and new ones when the files have
 * changed. Nothing is read before it is needed.
 *
 * The contents are compared, as neither times nor watchers outlive what Kubernetes (a symlink to a folder is swapped) and
 * certbot (a symlink to a file is) do to them. What cannot be used, for instance a certificate whose key is yet to be
 * written, is logged and changes nothing: the next look may find the rest.
 */
export class Certificates {
  readonly #files: CertificateFiles
  readonly #log: CertificateLog | undefined
  #parts: Parts = {}
  #opened: Promise<void> | undefined
  #context!: SecureContext
  #server: Server | undefined
  #timer: NodeJS.Timeout | undefined

  /** @throws {TypeError} when there is a certificate without a key, or the other way round */
  constructor(files: CertificateFiles = {}, log?: CertificateLog) {
    if ((files.cert === undefined) !== (files.key === undefined))
      throw new CertificateError('tls.cert and tls.key need each other')
    this.#files = files
    this.#log = log
  }

  /**
   * What a new connection to another service is made with; the same object until the files change.
   *
   * Rejects when a file cannot be read or used, and has none yet.
   */
  async context(): Promise<SecureContext> {
    await this.#open()
    return this.#context
  }

  /** Has a server use them, now and when they have changed; rejects when a file cannot be read or used. */
  async serve(server: Server): Promise<void> {
    await this.#open()
    server.setSecureContext(this.#parts)
    this.#server = server
  }

  /** Looks no more. */
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
