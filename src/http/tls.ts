import type { Server, TLSSocket } from 'node:tls'
import type { LateLog } from '../log/late.ts'
import type { CertificateFiles } from '../tls/certificates.ts'

/** Serves HTTPS, and calls others that do, with what lies in PEM files: paths, or URLs of files. */
export interface TlsOptions extends CertificateFiles {
  /** The certificate, followed by those between it and the root. */
  readonly cert: string | URL
  /** Its private key. */
  readonly key: string | URL
  /** Who signs the certificates of callers, needed by `requestCert`, and of those who are called. Default: whom Node trusts. */
  readonly ca?: string | URL
  /** Mutual TLS: only callers with a certificate that `ca` has signed get through the handshake. Default: false. */
  readonly requestCert?: boolean
  /** Speaks HTTP/2 with those who can, and HTTP/1.1 with the others. Default: false. */
  readonly http2?: boolean
}

/** Tells who does not get through the handshake, and why: of a certificate that is not trusted the caller hears nothing. */
export function logFailedHandshakes(server: Pick<Server, 'on'>, log: LateLog): void {
  server.on('tlsClientError', ({ code }: NodeJS.ErrnoException, socket: TLSSocket) => {
    // Node's types say that it is an error; it is the error's code.
    const reason = (socket.authorizationError as Error | string | null) ?? code
    log.debug({ reason, peer: socket.remoteAddress }, 'a TLS handshake failed')
  })
}
