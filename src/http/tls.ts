import { readFile } from 'node:fs/promises'
import type { SecureContextOptions, Server } from 'node:tls'

/** Serves HTTPS with what lies in PEM files: paths, or URLs of files. They are read again when they change. */
export interface TlsOptions {
  /** The certificate, followed by those between it and the root. */
  readonly cert: string | URL
  /** Its private key. */
  readonly key: string | URL
  /** Who signs the certificates of callers; needed by `requestCert`. */
  readonly ca?: string | URL
  /** Mutual TLS: only callers with a certificate that `ca` has signed get through the handshake. Default: false. */
  readonly requestCert?: boolean
  /** Speaks HTTP/2 with those who can, and HTTP/1.1 with the others. Default: false. */
  readonly http2?: boolean
}

/** How often the files are looked at, in milliseconds: certificates are renewed days before they end. */
const checkMs = 10_000

/** Hears what became of certificates that have changed. */
export interface CertificateLog {
  info(fields: object, message: string): void
  error(fields: object, message: string): void
}

/**
 * Gives a server its certificates, and new ones when the files have changed; ends with the server.
 *
 * The contents are compared, as neither times nor watchers outlive what Kubernetes (a symlink to a folder is swapped) and
 * certbot (a symlink to a file is) do to them. What cannot be used, for instance a certificate whose key is yet to be
 * written, is logged and changes nothing: the next look may find the rest.
 *
 * @throws {Error} when a file cannot be read or used at the start
 */
export async function keepCertificates(server: Server, options: TlsOptions, log: CertificateLog): Promise<void> {
  let known = await read(options)
  use(server, known)
  const check = async (): Promise<void> => {
    const found = await read(options)
    if (partNames.every((part) => found[part] === known[part])) return
    known = found
    use(server, found)
    log.info({ cert: String(options.cert) }, 'new certificates')
  }
  let failure: string | undefined
  const timer = setInterval(() => {
    check().then(
      () => (failure = undefined),
      ({ message }: Error) => {
        if (message !== failure) log.error({ error: message }, 'the old certificates stay: the new ones cannot be used')
        failure = message
      },
    )
  }, checkMs)
  timer.unref()
  server.once('close', () => clearInterval(timer))
}

const partNames = ['cert', 'key', 'ca'] as const

type Parts = Readonly<Partial<Record<(typeof partNames)[number], string>>>

async function read(options: TlsOptions): Promise<Parts> {
  const entries = partNames.map(async (part) => [part, options[part] && (await readPart(part, options[part]))] as const)
  return Object.fromEntries((await Promise.all(entries)).filter(([, text]) => text !== undefined))
}

async function readPart(part: string, file: string | URL): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new Error(`tls.${part} cannot be read: ${(cause as Error).message}`, { cause })
  }
}

function use(server: Server, parts: Parts): void {
  try {
    server.setSecureContext(parts satisfies SecureContextOptions)
  } catch (cause) {
    throw new Error(`tls.cert and tls.key cannot be used: ${(cause as Error).message}`, { cause })
  }
}
